import Glibc
import ProcessTreeBase
import ProcessTreeProcessControl

struct Failure: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// A process with a fork server, as the tests play it: one request at a time.
final class Node {
  let identity: RunIdentity
  let tag: RunTag
  let server: ForkServer
  var known: Set<Int32> = []
  private var lastID: UInt64 = 0
  /// The fork server that this process has found, as a child for which one was requested.
  nonisolated(unsafe) static var found: ForkServer?
  /// The programs that this process, or one of which it is a clone, has prepared.
  nonisolated(unsafe) static var prepared: [String] = []

  init(identity: RunIdentity, tag: RunTag, server: ForkServer) {
    self.identity = identity
    self.tag = tag
    self.server = server
    known.insert(server.pid)
  }

  /// Makes the fork server; nil in a child.
  static func make(
    identity: RunIdentity, tag: RunTag, isForMany: Bool = false
  ) throws -> Node? {
    let start = try ForkServer.start(
      run: identity,
      preparation: { hasLinks, program in
        guard hasLinks != 0 else { return }
        Node.prepared.append(String(cString: program))
      }, isForMany: isForMany)
    switch start {
    case .node(let server): return Node(identity: identity, tag: tag, server: server)
    case .child(let own):
      found = own
      return nil
    }
  }

  /// Sends a request for a child that obeys a command; returns our end of its socket.
  func ask(
    _ command: String, tag: RunTag? = nil, withHelperFor name: String? = nil,
    preparing needs: ForkServer.Needs = .init()
  ) throws -> (id: UInt64, socket: Int32) {
    let sockets = try Descriptors.makeSocketPair()
    let null = try Descriptors.openNull()
    lastID += 1
    let childTag = try tag ?? RunTag(run: identity.runID, node: RunTag.randomNodeID())
    try server.request(
      id: lastID, tag: childTag, withHelperFor: name, preparing: needs,
      descriptors: ChildDescriptors(
        standardInput: null.number, standardOutput: 1, standardError: 2,
        bootstrap: sockets.second.number))
    try Descriptors.writeAll(sockets.first.number, Array((command + "\n").utf8))
    return (lastID, sockets.first.release())
  }

  /// Starts a child that obeys a command.
  func start(
    _ command: String, withHelperFor name: String? = nil,
    preparing needs: ForkServer.Needs = .init()
  ) throws -> Child {
    let (id, socket) = try ask(command, withHelperFor: name, preparing: needs)
    guard waitReadable(server.fileDescriptor) else { throw Failure("no answer") }
    switch server.receive() {
    case .started(id: id, let handle)?:
      known.insert(handle.pid)
      return Child(handle: handle, socket: socket)
    case .failed(_, let number)?:
      close(socket)
      throw Failure("failed \(number)")
    case .lost?: throw Failure("lost")
    default: throw Failure("unexpected answer")
    }
  }

  /// Scans until nothing more comes, kills and reaps; returns "origin command" of each.
  func clearAdopted() throws -> [String] {
    var seen: [String] = []
    while true {
      let found = AdoptedProcesses.scan(tag: tag, known: known)
      if found.isEmpty { return seen }
      // Nobody else reaps them.
      let mayBeThere = AdoptedProcesses.mayBeThere
      guard mayBeThere || found.allSatisfy({ $0.origin == .unansweredClone }) else {
        throw Failure("a scan found \(found), which may not be there")
      }
      for process in found {
        if process.origin != .deadNodesForkServer { try process.handle.send(SIGKILL) }
        guard waitReadable(process.handle.pidfd) else { throw Failure("adopted one does not end") }
        guard let reaped = try process.handle.reap() else { throw Failure("not reaped") }
        switch process.origin {
        case .unansweredClone: seen.append("unanswered \(reaped.status)")
        case .leftBehind(let tag): seen.append("left:\(tag.node) \(process.command)")
        case .deadNodesForkServer: seen.append("server \(reaped.status)")
        }
      }
    }
  }

  /// Ends the fork server and reaps it.
  func finish() throws {
    server.close()
    guard waitReadable(server.pidfd, milliseconds: 1000) else { throw Failure("server stays") }
    _ = try server.process.reap()
    server.process.close()
  }

  /// The direct children of this process, zombies too.
  static func childCount() -> Int {
    text(of: "/proc/self/task/\(getpid())/children").split(separator: " ").count
  }
}

/// A child and our end of its socket.
final class Child {
  let handle: ProcessHandle
  let socket: Int32

  init(handle: ProcessHandle, socket: Int32) {
    self.handle = handle
    self.socket = socket
  }

  /// One line of the child.
  func line() throws -> String {
    var bytes: [UInt8] = []
    while waitReadable(socket) {
      let next = try Descriptors.readAll(socket, limit: 1)
      guard let byte = next.first, byte != UInt8(ascii: "\n") else { break }
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Waits for the end and reaps.
  func join() throws -> Reaped {
    guard waitReadable(handle.pidfd), let reaped = try handle.reap() else {
      throw Failure("child \(handle.pid) does not end")
    }
    handle.close()
    close(socket)
    return reaped
  }
}
