import Glibc
import ProcessTree

/// The hot paths one at a time, for counting instructions: one process, and as little waiting as
/// possible.
///
/// What an operation costs is the difference of two runs of different counts: it is free of the
/// start.
enum CountedPath: String, CaseIterable {
  /// A small element from one task of a node to another, taken one by one.
  case elements
  /// The same, sent in arrays and taken in batches.
  case batches
  /// The same, sent in arrays and taken in batches of slices.
  case byteBatches
  /// A structure of about 100 bytes: encoded, sent, received, decoded.
  case structures
  /// A request of a task to another and its reply.
  case requests
  /// A node that starts, reports that, gives its result and ends, as a task of this process.
  case nodes

  /// Runs the operation so many times.
  func run(_ count: Int, in root: Node) async throws {
    switch self {
    case .elements: try await measureInside(root, count: count)
    case .batches: try await countBatches(root, count)
    case .byteBatches: try await countByteBatches(root, count)
    case .structures: try await countStructures(root, count)
    case .requests: try await countRequests(root, count)
    case .nodes: for _ in 0..<count { _ = try await root.spawn(Leaf(number: 7)).result }
    }
  }
}

private func countBatches(_ root: Node, _ count: Int) async throws {
  let (sender, receiver) = root.makePipe(of: [UInt8].self)
  let bytes = [UInt8](repeating: 7, count: 64)
  async let received = {
    var count = 0
    for try await batch in receiver.batches { count += batch.count }
    return count
  }()
  try await send(count, of: bytes, by: sender)
  sender.finish()
  guard try await received == count else { root.exit("items were lost") }
}

private func countByteBatches(_ root: Node, _ count: Int) async throws {
  let (sender, receiver) = root.makePipe(of: [UInt8].self)
  let bytes = [UInt8](repeating: 7, count: 64)
  async let received = {
    var count = 0
    for try await batch in receiver.byteBatches {
      for bytes in batch { count += bytes.isEmpty ? 0 : 1 }
    }
    return count
  }()
  try await send(count, of: bytes, by: sender)
  sender.finish()
  guard try await received == count else { root.exit("items were lost") }
}

private func countStructures(_ root: Node, _ count: Int) async throws {
  let (sender, receiver) = root.makePipe(of: Record.self)
  async let received = {
    var count = 0
    for try await record in receiver { count += record.id > 0 ? 1 : 0 }
    return count
  }()
  for number in 1...count { try await sender.send(Record(number)) }
  sender.finish()
  guard try await received == count else { root.exit("records were lost") }
}

private func countRequests(_ root: Node, _ count: Int) async throws {
  let (client, service) = root.makeService(of: Int.self, returning: Int.self)
  async let served: Void = service.serve { $0 + 1 }
  for number in 0..<count {
    guard try await client.call(number) == number + 1 else { root.exit("a wrong reply") }
  }
  client.finish()
  try await served
}
