import ProcessTreeRandomTesting
import Testing

/// What holds when lives meet: each sends goodbye, receives the answer and ends, whatever happens
/// around it.
@Suite struct LifeWorldTests {
  @Test func everyTreeComesToItsEnd() {
    var seeds = SeededGenerator.announced("everyTreeComesToItsEnd")
    var (nodes, kills) = (0, 0)
    for _ in 0..<iterations(17_000) {
      let seed = seeds.next()
      var world = LifeWorld(seed: seed)
      world.play()
      nodes += world.nodes
      kills += world.kills
      guard world.flaws.isEmpty else {
        Issue.record("seed \(seed): \(world.flaws)")
        return
      }
    }
    #expect(nodes > 20 && kills > 0)
  }
}
