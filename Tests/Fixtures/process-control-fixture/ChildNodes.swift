import Glibc
import ProcessTreeProcessControl

extension ChildProgram {
  /// Becomes a node with a fork server, sleeping children, and a daemon of one of them.
  static func node(_ identity: RunIdentity, children: Int32) throws {
    guard let own = RunTag.read(of: getpid()) else { throw Failure("no tag") }
    guard let node = try Node.make(identity: identity, tag: own) else {
      try main(identity)
      return
    }
    for index in 0..<children {
      let child = try node.start(index == 0 ? "daemon" : "sleep")
      guard try child.line() == "ready" else { throw Failure("child not ready") }
    }
    say("ready")
    sleepForEver()
  }

  /// Starts the next of a chain, each of which finds its fork server, and passes up its lines.
  static func found(_ identity: RunIdentity, depth: Int32) throws {
    guard let own = RunTag.read(of: getpid()) else { throw Failure("no tag") }
    let name = text(of: "/proc/self/comm").dropLast()
    guard let server = Node.found else {
      say("\(name) without")
      exit(0)
    }
    let node = Node(identity: identity, tag: own, server: server)
    let tag = RunTag.read(of: server.pid)?.node == RunTag.helperNode
    let child = try node.start(
      "found \(depth - 1)", withHelperFor: depth > 1 ? "level \(depth - 1)" : nil)
    // A server that has replied has become what it is to be.
    let title = text(of: "/proc/\(server.pid)/cmdline").prefix { $0 != "\0" }
    // It closes the child's descriptors once it has replied.
    let isBare = waitUntil {
      (try? Scenarios.directory("/proc/\(server.pid)/fd").sorted()) == [0, 1, 2, 3, 4]
    }
    let below = try child.line()
    guard try child.join().status == .exited(0) else { throw Failure("chain broke") }
    let left = try node.clearAdopted()
    try node.finish()
    say("\(name) \(title) \(isBare) \(tag) \(left.count);\(below)")
    exit(0)
  }

  /// Starts the next of a chain and passes up its lines.
  static func chain(_ identity: RunIdentity, depth: Int32) throws {
    guard depth > 0 else {
      say("\(getpid())")
      exit(0)
    }
    guard let own = RunTag.read(of: getpid()) else { throw Failure("no tag") }
    guard let node = try Node.make(identity: identity, tag: own) else {
      try main(identity)
      return
    }
    let child = try node.start("chain \(depth - 1)")
    let below = try child.line()
    guard try child.join().status == .exited(0) else { throw Failure("chain broke") }
    let left = try node.clearAdopted()
    try node.finish()
    say("\(getpid()) \(below)")
    exit(left == [] || left == ["server exited 0"] ? 0 : 1)
  }
}
