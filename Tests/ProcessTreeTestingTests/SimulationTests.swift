import ProcessTree
import ProcessTreeRandomTesting
import ProcessTreeTestSettings
import ProcessTreeTesting
import Testing

@Suite("Simulated histories", .serialized)
struct SimulationTests {
  @Test("Histories of spawns, messages, deaths and stops keep the invariants")
  func histories() async throws {
    let count = UInt64(TestSettings.iterations ?? 600)
    let first = TestSettings.seed ?? UInt64.random(in: 0...(UInt64.max >> 1))
    print("histories: SEED=\(first)")
    let watchdog = Watchdog(limit: .patience)
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
    for _ in 0..<20 {
      let simulation = Simulation(seed: random.next())
      let first = try await simulation.play().trace
      let second = try await simulation.play().trace
      #expect(first == second, "seed \(simulation.seed)")
    }
  }
}
