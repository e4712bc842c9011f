import Glibc
import ProcessTreeBase
import ProcessTreeProcessControl

extension Scenarios {
  static func spawn(_ node: Node) throws {
    dup2(1, 77)
    signal(SIGUSR2, SIG_IGN)
    let sockets = try Descriptors.makeSocketPair()
    let null = try Descriptors.openNull()
    let before = openDescriptors()
    let handle = try Spawner.spawn(
      arguments: [
        CommandLine.arguments[0], "spawned", "\(node.identity.runID)", "4712", "\(getpid())",
      ], environment: ["FIXTURE=spawned"],
      descriptors: ChildDescriptors(
        standardInput: null.number, standardOutput: 1, standardError: 2,
        bootstrap: sockets.second.number))
    report("own", "\(openDescriptors().filter { $0 != handle.pidfd } == before)")
    let ours = sockets.first.release()
    close(sockets.second.release())
    let child = Child(handle: handle, socket: ours)
    report("environment", try child.line())
    try Descriptors.writeAll(child.socket, Array("inspect\n".utf8))
    report("child", try child.line())
    report("status", "\(try child.join().status)")
    do {
      _ = try Spawner.spawn(
        arguments: ["x"], environment: [],
        descriptors: ChildDescriptors(
          standardInput: 999, standardOutput: 1, standardError: 2, bootstrap: 2))
    } catch {
      report("bad", "\(error.errno == EBADF)")
    }
    report("left", "\(Node.childCount() - 1)")
    try node.finish()
  }

  /// No descriptor is free in this process.
  static func limit(_ node: Node) throws {
    let before = openDescriptors()
    let (_, socket) = try node.ask("sleep")
    guard waitReadable(node.server.fileDescriptor) else { throw Failure("no answer") }
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let lowestFree = (0..<1024).first { fcntl($0, F_GETFD, 0) < 0 } ?? 0
    var lowered = rlimit(rlim_cur: rlim_t(lowestFree), rlim_max: limit.rlim_max)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &lowered)
    do {
      _ = try Descriptors.makePipe()
    } catch {
      report("pipe", "\(error.code)")
    }
    if case .failed(_, let number)? = node.server.receive() {
      report("receive", "\(number == EMFILE)")
    }
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    close(socket)
    report("recovered", "\(try node.start("exit 5").join().status)")
    report("kept", "\(openDescriptors() == before) \(Node.childCount() - 1)")
    // No descriptor is free in the fork server.
    setLimit(of: node.server.pid, "7")
    do {
      _ = try node.start("exit 6")
    } catch let failure as Failure {
      report("server", failure.description)
    }
    setLimit(of: node.server.pid, "1024")
    report("again", "\(try node.start("exit 7").join().status)")
    report("raised", "\(try Descriptors.raiseLimit() == Int(limit.rlim_max))")
    try node.finish()
  }

  /// Sets another process's soft limit on descriptors.
  private static func setLimit(of pid: Int32, _ limit: String) {
    var status: Int32 = 0
    waitpid(startPlain(["prlimit", "--pid", "\(pid)", "--nofile=\(limit):"]), &status, 0)
  }

  static func badRequests(_ node: Node) throws {
    do {
      try node.server.request(
        id: 1, tag: node.tag,
        descriptors: ChildDescriptors(
          standardInput: 0, standardOutput: 1, standardError: 2, bootstrap: 999))
    } catch {
      report("closed", "\(error.errno == EBADF)")
    }
    // Garbage on the socket is answered, not obeyed.
    let garbage: [UInt8] = [1, 2, 3]
    _ = send(node.server.fileDescriptor, garbage, garbage.count, Int32(MSG_NOSIGNAL))
    _ = waitReadable(node.server.fileDescriptor)
    if case .failed(_, let number)? = node.server.receive() {
      report("garbage", "\(number == EBADMSG)")
    }
    try node.server.process.send(SIGSTOP)
    var asked = 0
    do {
      while true {
        let descriptors = ChildDescriptors(
          standardInput: 0, standardOutput: 1, standardError: 2, bootstrap: 2)
        try node.server.request(id: 100, tag: node.tag, descriptors: descriptors)
        asked += 1
      }
    } catch {
      report("full", "\(error.code) \(asked > 5)")
    }
    try node.server.process.send(SIGCONT)
    var answers = 0
    while answers < asked, waitReadable(node.server.fileDescriptor) {
      guard case .started(_, let handle)? = node.server.receive() else { continue }
      answers += 1
      try handle.send(SIGKILL)
      guard waitReadable(handle.pidfd), try handle.reap() != nil else { throw Failure("stays") }
    }
    report("answered", "\(answers == asked)")
    try node.finish()
    report("left", "\(Node.childCount())")
  }
}
