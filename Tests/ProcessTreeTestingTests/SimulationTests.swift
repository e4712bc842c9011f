import Glibc
import ProcessTree
import ProcessTreeTesting
import RandomTesting
import Testing

@Suite("Simulated histories", .serialized)
struct SimulationTests {
  private static func number(_ name: String) -> UInt64? {
    getenv(name).flatMap { UInt64(String(cString: $0)) }
  }

  @Test("Histories of spawns, messages, deaths and stops keep the invariants")
  func histories() async throws {
    let count = Self.number("SIMULATE_SEEDS") ?? 2_000
    let first = Self.number("SIMULATE_FIRST") ?? UInt64.random(in: 0...(UInt64.max >> 1))
    print("histories: SIMULATE_FIRST=\(first)")
    let watchdog = Watchdog(limit: .seconds(30))
    for seed in first..<first + count {
      watchdog.begin(seed)
      let simulation = Simulation(seed: seed)
      let flaws = simulation.flaws(of: try await simulation.play())
      watchdog.end()
      guard flaws.isEmpty else {
        Issue.record("seed \(seed): \(flaws.joined(separator: "; "))\n\(simulation)")
        return
      }
    }
  }

  @Test("One seed replays one history")
  func replay() async throws {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<50 {
      let simulation = Simulation(seed: random.next())
      let first = try await simulation.play().trace
      let second = try await simulation.play().trace
      #expect(first == second, "seed \(simulation.seed)")
    }
  }
}
