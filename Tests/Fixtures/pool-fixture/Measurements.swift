import Glibc
import Pools
import ProcessTreeScenarios

/// Figures for people; no test looks at them.
let measurements: [String: Scenario] = [
  "measure": { root, test in
    try await root.withPool(size: 2) { pool in
      _ = try await pool.map(over: 0..<100, using: Square())
      _ = try await pool.map(over: 0..<100) { SquareProgram(number: $0) }
      for _ in 0..<7 {
        let first = try await timed(100_000) {
          try await pool.map(over: 0..<100_000, using: Square())
        }
        let second = try await timed(100_000) {
          try await pool.map(over: 0..<100_000) { SquareProgram(number: $0) }
        }
        print("transform \(first) tasks/s, program \(second) tasks/s")
      }
    }
  }
]

private func timed<Result>(
  _ count: Int, _ body: () async throws -> Result
) async throws -> Int {
  let start = ContinuousClock.now
  _ = try await body()
  let seconds = (ContinuousClock.now - start) / .seconds(1)
  return Int(Double(count) / seconds)
}
