import ProcessTree
import ProcessTreeTesting
import Testing

@Test func squares() async throws {
  try await withTestTree { root in
    let result = try await root.spawn(Square(number: 12)).result
    #expect(result == 144)
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
