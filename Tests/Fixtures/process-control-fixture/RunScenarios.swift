import Glibc
import ProcessTreeProcessControl
import ProcessTreeTestSettings

extension Scenarios {
  /// Three nodes with children and daemons; waits to be killed.
  static func tree(_ node: Node) throws {
    var servers = [node.server.pid]
    var children: [Child] = []
    for _ in 0..<3 {
      let child = try node.start("node 2")
      guard try child.line() == "ready" else { throw Failure("not ready") }
      children.append(child)
    }
    servers.sort()
    report("server", "\(servers[0])")
    report("ready", "\(children.count)")
    ChildProgram.sleepForEver()
  }

  static func chain(_ node: Node) throws {
    let child = try node.start("chain 5")
    report("pids", "\(try child.line().split(separator: " ").count)")
    report("status", "\(try child.join().status)")
    report("adopted", try node.clearAdopted().joined(separator: ";"))
    report("left", "\(Node.childCount() - 1)")
    try node.finish()
  }

  /// Children that find their fork servers, one below the other.
  static func found(_ node: Node) throws {
    let child = try node.start("found 3", withHelperFor: "a name of many bytes")
    for level in try child.line().split(separator: ";") { report("level", String(level)) }
    report("status", "\(try child.join().status)")
    report("adopted", try node.clearAdopted().joined(separator: ";"))
    report("left", "\(Node.childCount() - 1)")
    try node.finish()
  }

  static func prepared(_ node: Node) throws {
    let long = String(repeating: "n", count: 512)
    for needs in [
      ForkServer.Needs(), .init(hasLinks: true, program: "first"), .init(),
      .init(hasLinks: true, program: long),
    ] {
      let child = try node.start("prepared", preparing: needs)
      report("child", try child.line())
      _ = try child.join()
    }
    report("root", "\(Node.prepared)")
    try node.finish()
  }

  static func data(_ node: Node) throws {
    ProgramData.number = 3
    for _ in 0..<2 {
      let child = try node.start("data")
      report("child", try child.line())
      _ = try child.join()
    }
    report("root", ProgramData.account)
    try node.finish()
  }

  static func signals(_ node: Node) throws {
    let descriptor = try SignalSource.install(signals: [SIGTERM, SIGUSR1, SIGTSTP])
    report("early", "\(waitReadable(descriptor, milliseconds: 0))")
    kill(getpid(), SIGUSR1)
    kill(getpid(), SIGTERM)
    kill(getpid(), SIGTERM)
    report("woken", "\(waitReadable(descriptor))")
    report("taken", SignalSource.takePending().map(String.init).joined(separator: ","))
    report("again", "\(SignalSource.takePending()) \(waitReadable(descriptor, milliseconds: 0))")
    // A child made later starts without these handlers.
    let child = try node.start("signal \(SIGTERM)")
    report("child", "\(try child.join().status)")
    try node.finish()
    SignalSource.restoreDefaultAndRaise(SIGTERM)
  }

  /// Signals that were blocked when the program was started.
  static func deaf(_ node: Node) throws {
    var set = sigset_t()
    sigfillset(&set)
    sigprocmask(SIG_BLOCK, &set, nil)
    let descriptor = try SignalSource.install(signals: [SIGTERM])
    kill(getpid(), SIGTERM)
    report("woken", "\(waitReadable(descriptor)) \(SignalSource.takePending())")
    try node.finish()
  }

  /// A root whose program does not come back to its loop.
  static func stuck(_ node: Node) throws {
    _ = try SignalSource.install(signals: [SIGTERM, SIGINT])
    SignalSource.armSecondSignal(run: node.identity.runID)
    let child = try node.start("node 2")
    guard try child.line() == "ready" else { throw Failure("not ready") }
    report("ready", "1")
    while true {}
  }

  static func secondInChild(_ node: Node) throws {
    let child = try node.start("arm")
    guard try child.line() == "ready" else { throw Failure("not ready") }
    try child.handle.send(SIGINT)
    try child.handle.send(SIGINT)
    report("early", "\(waitReadable(child.handle.pidfd, milliseconds: 300))")
    try child.handle.send(SIGINT)
    report("status", "\(try child.join().status)")
    try node.finish()
  }

  static func usage(_ node: Node) throws {
    let usage = try node.start("burn").join().usage
    let time = usage.userTime + usage.systemTime
    report("time", "\(time > .milliseconds(150) && time < .patience)")
    report("memory", "\(usage.maximumResidentSize >= 64 << 20)")
    report("faults", "\(usage.minorPageFaults > 1000)")
    try node.finish()
  }

  static func tags(_ node: Node) throws {
    let mark = RunTag(run: node.identity.runID, node: 4711)
    let (_, socket) = try node.ask("sleep", tag: mark)
    guard waitReadable(node.server.fileDescriptor),
      case .started(_, let handle)? = node.server.receive()
    else { throw Failure("not started") }
    let child = Child(handle: handle, socket: socket)
    guard try child.line() == "ready" else { throw Failure("not ready") }
    report("own", "\(RunTag.read(of: getpid()) == node.tag)")
    report("child", "\(RunTag.read(of: handle.pid) == mark)")
    report("server", "\(RunTag.read(of: node.server.pid)?.node == RunTag.helperNode)")
    try handle.send(SIGKILL)
    _ = waitReadable(handle.pidfd)
    report("zombie", "\(RunTag.read(of: handle.pid) == mark)")
    _ = try child.join()
    report("gone", "\(RunTag.read(of: handle.pid) == nil)")
    report("init", "\(RunTag.read(of: 1) == nil)")
    try node.finish()
  }

  /// Stops and continues the whole run from outside its loop.
  static func stop(_ node: Node) throws {
    let child = try node.start("node 2")
    guard try child.line() == "ready" else { throw Failure("not ready") }
    let pid = child.handle.pid
    let state = { text(of: "/proc/\(pid)/stat").split(separator: " ").dropFirst(2).first ?? "?" }
    RunSweep.stopAll(run: node.identity.runID)
    report("stopped", "\(waitUntil { state() == "T" })")
    RunSweep.continueAll(run: node.identity.runID)
    report("continued", "\(waitUntil { state() != "T" })")
    report("killed", "\(RunSweep.killAll(run: node.identity.runID).hits)")
    report("status", "\(try child.join().status)")
    _ = waitUntil {
      _ = try? node.clearAdopted()
      return Node.childCount() == 1
    }
    report("left", "\(Node.childCount() - 1)")
    try node.finish()
  }
}
