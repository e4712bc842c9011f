import Pools

struct Negate: Transform {
  func callAsFunction(_ number: Int) -> Int { -number }
}

struct Negation: NodeProgram {
  var number: Int

  func run(in node: Node) async throws -> Int { -number }
}

/// Row F: 100,000 tiny tasks, 2 workers, no size of batches given.
func measurePool(_ root: Node) async throws {
  let count = 100_000
  try await root.withPool(size: 2) { pool in
    _ = try await pool.map(over: 1...1_000, using: Negate())
    var start = now()
    guard try await pool.map(over: 1...count, using: Negate()).count == count else { root.exit(1) }
    report("pool-stage", Double(count) / (now() - start) * 1e6, "tasks/s")
    _ = try await pool.map(over: 1...1_000) { Negation(number: $0) }
    start = now()
    guard try await pool.map(over: 1...count, { Negation(number: $0) }).count == count else {
      root.exit(1)
    }
    report("pool-program", Double(count) / (now() - start) * 1e6, "tasks/s")
  }
}
