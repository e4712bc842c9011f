import ProcessTree
import ProcessTreeTesting
import Testing

@Test func squares() async throws {
  try await withTestTree { root in
    let result = try await root.spawn(Square(number: 12)).result
    #expect(result == 144)
  }
}

func sumOfSquares(upTo last: Int, in node: Node) async throws -> Int {
  try await node.withChildren(of: Int.self) { group in
    for number in 1...last { try await group.spawn(Square(number: number)) }
    return try await group.reduce(0, +)
  }
}

@Test func sumsOfSquares() async throws {
  try await withTestTree { node in
    let sum = try await sumOfSquares(upTo: 3, in: node)
    #expect(sum == 14)
    // A program is a value: its body can be called without a child.
    let square = try await Square(number: 12).run(in: node)
    #expect(square == 144)
  }
}

@Test func aKilledNodeIsSeen() async throws {
  try await withTestTree(clock: .virtual, seed: 7) { root, tree in
    tree.inject(.kill("Process-1"), atStep: 3)
    let probe = try await EventProbe(root)
    let child = try await root.spawn(Rest())
    try await probe.expect(within: .seconds(60)) { $0.path == child.path }
    #expect(try await tree.remains().isEmpty)
  }
}
