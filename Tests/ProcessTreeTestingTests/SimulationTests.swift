import ProcessTree
import ProcessTreeRandomTesting
import ProcessTreeTestSettings
import ProcessTreeTesting
import Testing

@Suite("Simulated histories", .serialized)
struct SimulationTests {
  @Test("Trees keep their promises")
  func trees() async throws { try await play(TreeScene.self, 1_000) }

  @Test("Pools keep their promises")
  func pools() async throws { try await play(PoolScene.self, 400) }

  @Test("Channels keep their promises")
  func channels() async throws { try await play(ChannelScene.self, 800) }

  @Test("Pipelines keep their promises")
  func pipelines() async throws { try await play(PipelineScene.self, 250) }

  /// A worker that had no descriptor to join the channel of its input took that for the end of it.
  @Test("A pipeline that once did not end ends", .timeLimit(.minutes(5)))
  func aPipelineThatDidNotEnd() async throws {
    let history = SceneHistory<PipelineScene>(seed: 7_841_201_139_141_376_078)
    #expect(try await history.play().flaws == [])
  }

  @Test("Groups keep their promises")
  func groups() async throws { try await play(GroupScene.self, 800) }

  @Test("One seed replays one history, another seed another one")
  func replay() async throws {
    var fingerprints: Set<UInt64> = []
    for seed in UInt64(1)...20 {
      let history = SceneHistory<TreeScene>(seed: seed)
      let (first, second) = (try await history.play(), try await history.play())
      #expect(first.fingerprint == second.fingerprint && first.trace == second.trace, "\(history)")
      fingerprints.insert(first.fingerprint)
    }
    #expect(fingerprints.count == 20)
  }

  /// Plays histories, and every twentieth of them twice.
  private func play<Kind: Scene>(_ kind: Kind.Type, _ count: Int) async throws {
    let first = TestSettings.seed ?? UInt64.random(in: 0...(UInt64.max >> 1))
    print("\(kind): SEED=\(first)")
    let watchdog = Watchdog(limit: .patience)
    for seed in first..<first + UInt64(TestSettings.iterations ?? count) {
      let history = SceneHistory<Kind>(seed: seed)
      watchdog.begin("\(kind), \(history)")
      let outcome = try await history.play()
      if seed % 20 == 0 {
        let again = try await history.play()
        let difference = zip(outcome.trace, again.trace).first { $0 != $1 }
        #expect(
          again.trace == outcome.trace && again.fingerprint == outcome.fingerprint,
          "\(history): \(difference as Any)")
      }
      watchdog.end()
      guard outcome.flaws.isEmpty else {
        Issue.record("\(history)\n\(outcome.flaws.joined(separator: "; "))")
        return
      }
    }
  }
}
