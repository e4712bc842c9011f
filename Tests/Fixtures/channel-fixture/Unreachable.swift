import Glibc
import ProcessTree
import ProcessTreeScenarios

/// Nodes whose sockets or files cannot be had.
let unreachableScenarios: [String: Scenario] = [
  "aNodeThatCannotListenEndsAndItsPeersAreTold": { root, expect in
    _ = try await root.spawn(Idle()).result
    let directory = runDirectory()
    for side in ["sender", "receiver"] {
      let (sender, receiver) = root.makePipe(of: Int.self)
      let isSender = side == "sender"
      let child = try await root.spawn(
        CannotListen(
          directory: directory, sender: isSender ? sender : nil,
          receiver: isSender ? nil : receiver))
      let failure = await expect.thrown(RemoteFailure.self) { try await child.result }
      let error = failure?.underlying(as: ProcessTreeError.self)
      expect.equal(error?.code, .systemCallFailed)
      expect.expect(error?.message.contains("cannot listen") == true, "\(error as Any)")
      // A task that waits for the other end gets an error.
      if isSender {
        var iterator = receiver.makeAsyncIterator()
        expect.equal(try await iterator.next(), nil)
      } else {
        _ = await expect.thrown(ProcessTreeError.self) {
          while true { try await sender.send(1) }
        }
      }
    }
  },
  "aHomeThatCannotListenSaysSo": { root, expect in
    _ = try await root.spawn(Idle()).result
    let home = try await root.spawn(CannotListenAtHome(directory: runDirectory()))
    let errors = try await home.result
    expect.equal(errors.count, 3)
    for error in errors { expect.expect(error.contains("cannot listen"), error) }
  },
  "whoeverCannotReachTheHomeIsTold": { root, expect in
    let (sender, receiver) = root.makePipe(of: Int.self)
    let late = try root.makeChild(Summer(receiver: receiver))
    // Mentioned, and so on its way, before the socket goes.
    try await sender.send(1)
    let path = "\(runDirectory())/\(getpid()).l"
    expect.equal(access(path, F_OK), 0)
    unlink(path)
    try await late.start()
    let failure = await expect.thrown(RemoteFailure.self) { _ = try await late.result }
    expect.equal(failure?.underlying(as: ProcessTreeError.self)?.code, .channelEnded)
  },
  "aTreeLimitThatCannotBeKeptIsNamed": { root, expect in
    _ = try await root.spawn(Idle()).result
    expect.equal(mkdir("\(runDirectory())/slots", 0o700), 0)
    root.configure { $0.treeLimit = 2 }
    let failure = await expect.thrown(RemoteFailure.self) {
      try await root.spawn(Idle()).result
    }
    let error = failure?.underlying(as: ProcessTreeError.self)
    expect.equal(error?.code, .systemCallFailed)
    expect.expect(error?.message.contains("limit of 2 programs") == true, "\(error as Any)")
    rmdir("\(runDirectory())/slots")
  },
]

/// The directory of this run, by the descriptor of its lock; made with the first child.
private func runDirectory() -> String {
  for number in 0..<256 {
    var buffer = [CChar](repeating: 0, count: 256)
    let length = readlink("/proc/self/fd/\(number)", &buffer, buffer.count)
    guard length > 5 else { continue }
    let path = String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    if path.hasSuffix("/lock") { return String(path.dropLast(5)) }
  }
  return ""
}

/// Uses an end where the socket for channels cannot be made: something else has its name.
struct CannotListen: NodeProgram {
  var directory: String
  var sender: Sender<Int>?
  var receiver: Receiver<Int>?

  func run(in node: Node) async throws {
    mkdir("\(directory)/\(node.pid).l", 0o700)
    defer { rmdir("\(directory)/\(node.pid).l") }
    if let sender { try await sender.send(1) }
    if let receiver { for try await _ in receiver {} }
  }
}

/// Makes channels where the socket for them cannot be made, and sends ends of them away.
struct CannotListenAtHome: NodeProgram {
  var directory: String

  func run(in node: Node) async throws -> [String] {
    mkdir("\(directory)/\(node.pid).l", 0o700)
    defer { rmdir("\(directory)/\(node.pid).l") }
    var errors: [String] = []
    // An end in a program that is encoded on the loop, one elsewhere, and one in a message.
    do { _ = try await node.spawn(Summer(receiver: node.makePipe(of: Int.self).receiver)) } catch {
      errors.append("\(error)")
    }
    let made = try await node.offload {
      try node.makeChild(Summer(receiver: node.makePipe(of: Int.self).receiver))
    }
    do { try await made.start() } catch { errors.append("\(error)") }
    do { try await node.parent?.send(node.makePipe(of: Int.self).sender) } catch {
      errors.append("\(error)")
    }
    return errors
  }
}

/// Does nothing.
struct Idle: NodeProgram {
  func run(in node: Node) async throws {}
}
