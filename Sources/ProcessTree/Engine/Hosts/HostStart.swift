internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

extension Launcher {
  /// Runs this process as the far half of a host: it starts what the near half asks for, and ends
  /// with its lease.
  func runHost() throws -> Never {
    ChildSetup.outliveParent()
    try prepare()
    let streams = try HostStreams.take()
    let record: HostRecord = try streams.readRecord()
    try FreeDescriptors.demand(ChildStart.descriptors, for: "the far half of a host")
    let run = try HostRun()
    ProcessTitle.set("host \(record.name)")
    let place = try RunDirectory(path: run.identity.directory).make(for: run.identity.runID)
    let loop = try EventLoop()
    WarmUp.runOwn()
    WarmUp.run(on: loop, for: run.node, app: app)
    let deadline = try SharedDeadline()
    let start = try ForkServer.start(
      run: run.identity, deadline: deadline, preparation: ChildStart.preparation,
      isForMany: true)
    switch start {
    case .child(let own): runChild(wasSpawned: false, with: own)
    case .node(let server):
      let agent = try HostAgent(record, run, place, server, deadline, streams, on: loop)
      agent.run()
    }
  }
}

/// The run on a host: it has tags and a directory of its own, for two hosts may be one machine, and
/// what ends one must not end the other, or the root.
struct HostRun {
  let identity: RunIdentity
  /// The far half, as those that it starts see it: the process that has made them.
  let node: NodeIdentity

  init() throws {
    let runID = try RunTag.randomRunID()
    identity = try RunIdentity.ofThisProcess(
      runID: runID, directory: RunDirectory.path(forNew: runID))
    let tag = RunTag.ofRoot(runID, pid: identity.rootPID, startTime: identity.rootStartTime)
    // Not that of the run in which an engine on this machine has started it.
    try tag.install()
    ChildSetup.becomeSubreaper()
    node = NodeIdentity(
      path: .root, name: NodePath.root.description, pid: identity.rootPID, isDaemon: false,
      parent: nil, tag: tag, run: identity, build: HostProcess.buildIdentity())
  }
}
