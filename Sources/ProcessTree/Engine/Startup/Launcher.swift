internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The start of a process as the root of a new tree, or as a child that its parent has started.
struct Launcher {
  let app: any ProcessTreeApp.Type

  /// Where a root writes a file about a run that has failed.
  private static let postMortemVariable = "PROCESS_TREE_POST_MORTEM"

  func run() -> Never {
    ErrorText.use(app)
    if !HostProcess.isMainThread || withUnsafeCurrentTask(body: { $0 != nil }) {
      fail(
        """
        takeOver() comes too late: tasks run already. Call it as the first statement of a `main` that \
        is not async. In tests, use `withTestTree` of ProcessTreeTesting.
        """)
    }
    do {
      switch Bootstrap.takeMark() {
      case .child: runChild(wasSpawned: true)
      case .host: try runHost()
      case .attach: try AttachProcess.run()
      case nil: try runRoot()
      }
    } catch {
      fail("\(error)")
    }
  }

  /// Ends a root that cannot start; text that was printed before is not lost.
  private func fail(_ reason: String) -> Never {
    fflush(nil)
    writeToStandardError("process-tree: \(reason)")
    _exit(1)
  }

  func prepare() throws {
    ChildSetup.noteOrigin()
    try SignalSource.prepareExit()
    try Descriptors.ensureStandardDescriptors()
    ProcessTitle.prepare()
    // Each child needs five descriptors, so the usual soft limit of 1,024 allows two hundred
    // children.
    _ = try? Descriptors.raiseLimit()
  }

  private func runRoot() throws -> Never {
    try prepare()
    try FreeDescriptors.demand(ChildStart.descriptors, for: "the root of a tree")
    let identity = try RootIdentity()
    // The directory comes first, so that the next run finds all that this one may leave. If it
    // cannot be made, the start of the first child fails with the reason.
    let place = try? RunDirectory(path: identity.run.directory).make(for: identity.run.runID)
    var configuration = app.configuration
    if configuration.postMortemDirectory == nil, let directory = getenv(Self.postMortemVariable),
      directory.pointee != 0
    {
      configuration.postMortemDirectory = String(cString: directory)
    }
    let loop = try EventLoop()
    var server: ForkServer?
    var spawningReason: String?
    // What the root needs as well as each child is there before the fork server is made, for both.
    WarmUp.runOwn()
    let isForMany =
      configuration.startMethod == .forkServer && configuration.rehearsesStarts && place != nil
    if isForMany {
      WarmUp.run(on: loop, for: identity.node, app: app)
    }
    let shared = NodeShared(configuration: configuration, programs: app.programs)
    let runtime = NodeRuntime(
      identity.node, on: loop, shared: shared, secret: try .ofRoot(on: loop))
    // Both start methods need the helper: it outlives a root that is killed, and then kills the
    // rest of the run.
    let start = Result { () throws(ProcessControlError) in
      try ForkServer.start(
        run: identity.run, preparation: ChildStart.preparation, isForMany: isForMany)
    }
    switch start {
    // This is another process; its errors must not reach the root's code. Nor does it release what
    // is the root's: it would get its own copy of each page that it writes to.
    case .success(.child(let own)):
      withExtendedLifetime(identity) { runChild(wasSpawned: false, with: own) }
    case .success(.node(let made)): server = made
    case .failure(let error): spawningReason = error.message
    }
    runtime.place = place
    if place != nil { runtime.desk = try? Desk(of: runtime) }
    if let spawningReason { runtime.spawningReason = spawningReason }
    let main = NodeMain(runtime, forkServer: server)
    let app = app
    try main.runRoot { root in try await app.init().run(in: root) }
  }

  /// Runs a child whose bootstrap record has been sent.
  ///
  /// A child that cannot start reports the reason to its parent and ends; it runs no other code.
  func runChild(wasSpawned: Bool, with forkServer: ForkServer? = nil) -> Never {
    do {
      try bringUpChild(wasSpawned: wasSpawned, with: forkServer)
    } catch {
      Bootstrap.tellFailure("\(error)")
      writeToStandardError("process-tree: \(error)")
      _exit(Bootstrap.failureCode)
    }
  }

  /// A child that has no fork server yet makes it before anything else; the clones of that server
  /// return here as children of the child.
  private func bringUpChild(wasSpawned: Bool, with forkServer: ForkServer?) throws -> Never {
    if wasSpawned { try prepare() }
    var (wasSpawned, forkServer) = (wasSpawned, forkServer)
    while true {
      try FreeDescriptors.demand(ChildStart.descriptors, for: "a child")
      let (record, secret) = try Bootstrap.read()
      ProcessTitle.set(record.name)
      let tag = RunTag(run: record.run.id, node: record.tag)
      if wasSpawned { try ChildSetup.adopt(tag: tag, parentPID: record.parent.pid) }
      let child = try ChildStart(
        record, secret, pid: getpid(), tag: tag, programs: app.programs)
      try child.applyProcessSettings()
      guard forkServer == nil, child.needsForkServer else { try child.run(forkServer: forkServer) }
      switch try ForkServer.start(
        run: child.identity.run, preparation: ChildStart.preparation)
      {
      case .child(let own): (wasSpawned, forkServer) = (false, own)
      case .node(let server): try child.run(forkServer: server)
      }
    }
  }
}
