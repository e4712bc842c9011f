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
      let simulation = Simulation(seed: seed)
      watchdog.begin("\(simulation)")
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

  @Test("Pools keep their promises")
  func pools() async throws { try await play(PoolScene.self, 400) }

  @Test("Channels keep their promises")
  func channels() async throws { try await play(ChannelScene.self, 400) }

  @Test("Pipelines keep their promises")
  func pipelines() async throws { try await play(PipelineScene.self, 200) }

  @Test("Groups keep their promises")
  func groups() async throws { try await play(GroupScene.self, 400) }

  /// Plays histories, and every twentieth of them twice.
  private func play<Kind: Scene>(_ kind: Kind.Type, _ count: Int) async throws {
    let first = TestSettings.seed ?? UInt64.random(in: 0...(UInt64.max >> 1))
    print("\(kind): SEED=\(first)")
    let watchdog = Watchdog(limit: .patience)
    for seed in first..<first + UInt64(TestSettings.iterations ?? count) {
      let history = SceneHistory<Kind>(seed: seed)
      watchdog.begin("\(kind), \(history)")
      let (flaws, trace) = try await history.play()
      if seed % 20 == 0 {
        let again = try await history.play().trace
        let difference = zip(trace, again).first { $0 != $1 }
        #expect(again == trace, "\(history): \(difference as Any)")
      }
      watchdog.end()
      guard flaws.isEmpty else {
        Issue.record("\(history)\n\(flaws.joined(separator: "; "))")
        return
      }
    }
  }
}
