import Glibc
import ProcessTreeProcessControl
import ProcessTreeTestSettings

extension Scenarios {
  static func helperKilled(_ node: Node) throws {
    let children = try (0..<3).map { _ in try node.start("wait") }
    for child in children where try child.line() != "ready" { throw Failure("not ready") }
    try node.server.process.send(SIGKILL)
    guard waitReadable(node.server.fileDescriptor) else { throw Failure("no end") }
    if case .lost? = node.server.receive() { report("reply", "lost") }
    do {
      _ = try node.ask("exit 0")
    } catch let error as ProcessControlError {
      report("request", "\(error.code)")
    }
    guard waitReadable(node.server.pidfd), let helper = try node.server.process.reap() else {
      throw Failure("helper not reaped")
    }
    report("helper", "\(helper.status)")
    for (index, child) in children.enumerated() {
      try Descriptors.writeAll(child.socket, Array("\(index + 10)\n".utf8))
      report("child", "\(try child.join().status)")
    }
    report("left", "\(Node.childCount())")
  }

  static func unanswered(_ node: Node) throws {
    _ = try node.ask("sleep")
    guard waitReadable(node.server.fileDescriptor) else { throw Failure("no answer") }
    // The answer is there and is not taken, as if the server had died before it.
    report("found", try node.clearAdopted().joined(separator: ";"))
    report("left", "\(Node.childCount() - 1)")
    try node.finish()
  }

  /// Other code waits for any child and SIGCHLD is ignored: statuses stay ours.
  static func stranger(_ node: Node) throws {
    signal(SIGCHLD, SIG_IGN)
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { _ in
        while true {
          var status: Int32 = 0
          if waitpid(-1, &status, 0) > 0 { report("stolen", "\(status)") }
          usleep(100)
        }
      }, nil)
    var right = 0
    for index in 0..<50 {
      let child = try node.start("exit \(index)")
      if try child.join().status == .exited(Int32(index)) { right += 1 }
    }
    report("right", "\(right)")
  }

  static func leftBehind(_ node: Node) throws {
    let child = try node.start("node 2")
    guard try child.line() == "ready" else { throw Failure("not ready") }
    // In the middle of its exec the daemon would have no command line to show.
    let isUp = waitUntil {
      let pids = (try? directory("/proc")) ?? []
      return pids.contains { pid in
        text(of: "/proc/\(pid)/cmdline") == "sleep\0300\0"
          && RunTag.read(of: Int32(pid))?.run == node.identity.runID
      }
    }
    guard isUp else { throw Failure("no daemon") }
    report("early", "\(AdoptedProcesses.scan(tag: node.tag, known: node.known).count)")
    // Neither a node nor a fork server that was born here counts.
    report("mayBeThereEarly", "\(AdoptedProcesses.mayBeThere)")
    try child.handle.send(SIGKILL)
    report("status", "\(try child.join().status)")
    // The daemon's own parent dies by the parent-death signal: it comes with some delay.
    var found: [String] = []
    _ = waitUntil {
      do { found += try node.clearAdopted() } catch { report("error", "\(error)") }
      return ["sleep 300", "server exited 0"].allSatisfy { end in
        found.contains { $0.hasSuffix(end) }
      }
    }
    for line in found { report("found", line) }
    report("left", "\(Node.childCount() - 1)")
    try node.finish()
  }

  /// Children of other code in this process are not ours to touch.
  static func foreign(_ node: Node) throws {
    let plain = startPlain(["/bin/sleep", "300"])
    let orphans = startPlain(["/bin/sh", "-c", "/bin/sleep 300 & /bin/sleep 301 & exit 0"])
    var status: Int32 = 0
    waitpid(orphans, &status, 0)
    usleep(50_000)
    report("children", "\(Node.childCount() - 1)")
    report("found", "\(try node.clearAdopted().count)")
    report("alive", "\(kill(plain, 0) == 0)")
    kill(plain, SIGKILL)
    usleep(50_000)
    report("statusKept", "\(waitpid(plain, &status, 0) == plain)")
    let swept = RunSweep.killAll(run: node.identity.runID).hits
    report("swept", "\(swept)")
    while waitpid(-1, &status, WNOHANG) > 0 {}
    // The fork server is still there.
    let hadDescendants = HostProcess.mayHaveDescendants
    try node.finish()
    let isAlone = waitUntil(milliseconds: 2000) {
      waitpid(-1, &status, WNOHANG)
      return !HostProcess.mayHaveDescendants
    }
    report("descendants", "\(hadDescendants) \(!isAlone)")
  }

  static func parentDeath(_ node: Node) throws {
    let child = try node.start("node 2")
    guard try child.line() == "ready" else { throw Failure("not ready") }
    let started = ContinuousClock.now
    try child.handle.send(SIGKILL)
    _ = try child.join()
    let run = node.identity.runID
    let gone = waitUntil(milliseconds: 2000) {
      _ = try? node.clearAdopted()
      return RunSweep.killAll(run: run).hits == 0 && Node.childCount() == 1
    }
    report("gone", "\(gone) \(ContinuousClock.now - started < .seconds(10).scaled)")
    try node.finish()
  }
}
