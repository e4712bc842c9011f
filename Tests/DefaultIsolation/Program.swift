import ProcessTree

/// What travels between processes is of no actor.
nonisolated struct Payload: Codable, Sendable, Equatable {
  var name: String
  var values: [Double]
}

/// A program as its documentation shows it, in a module whose default is the main actor.
struct Square: NodeProgram {
  var number: Int

  func run(in node: Node) async throws -> Int { number * number }
}

/// A program that is no leaf, talks to its parent and has a payload as its result.
struct Summary: NodeProgram {
  var payload: Payload
  var depth: Int

  func run(in node: Node) async throws -> Payload {
    node.report("begun", completed: 0, total: depth)
    try await node.parent?.send(payload)
    guard depth > 0 else { return payload }
    let child = try await node.spawn(Summary(payload: payload, depth: depth - 1))
    for try await message in try await child.messages(of: Payload.self) where message != payload {
      node.exit("not what was sent")
    }
    return try await child.result
  }
}

/// A program that returns nothing and starts nothing.
struct Leaf: NodeProgram {
  static let spawnsChildren = false

  func run(in node: Node) async throws {
    let sum = try await node.offload { (1...10).reduce(0, +) }
    node.report("the sum is \(sum)")
  }
}
