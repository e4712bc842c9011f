import ProcessTreeRandomTesting
import Testing

@testable import Pools

@Suite struct PoolStateWalkTests {
  /// Drives a world until all calls are complete, then looks at what was recorded.
  private func walk(
    _ world: inout PoolWorld, seed: UInt64, before: (Int, inout PoolWorld) -> Void = { _, _ in }
  ) {
    var steps = 0
    while !world.isOver, steps < 60_000, world.problems.isEmpty {
      before(steps, &world)
      world.step()
      steps += 1
    }
    #expect(world.problems.isEmpty, "seed \(seed): \(world.problems.prefix(3))")
  }

  private func policy(_ random: inout SeededGenerator, wanted: Int) -> JobPolicy {
    var policy = JobPolicy()
    policy.attempts = random.int(1...4)
    policy.backoff = .microseconds(random.int(0...5_000))
    policy.count = random.bool() ? wanted : nil
    policy.inFlight = random.bool() ? random.int(1...50) : nil
    policy.deadline = random.int(0...4) == 0 ? .milliseconds(random.int(50...200)) : nil
    return policy
  }

  @Test func nothingIsLostOrDoubledWhateverDies() {
    var seeds = SeededGenerator.announced("nothingIsLostOrDoubledWhateverDies")
    for _ in 0..<iterations(100) {
      let seed = seeds.next()
      var random = SeededGenerator(seed: seed)
      var settings = PoolState<Int>.Settings(attempts: 1_000)
      settings.recycleAfter = random.bool() ? random.int(1...20) : nil
      settings.maximumAge = random.bool() ? .milliseconds(random.int(1...200)) : nil
      let throwers = Set((0..<random.int(0...5)).map { _ in random.int(0...100) })
      var world = PoolWorld(
        size: random.int(1...5), settings: settings,
        manners: .init(
          throwers: throwers, isDangerous: true, notes: random.bool(), isUnsendable: random.bool()),
        random: random)
      for kind in 0..<random.int(1...2) {
        for _ in 0..<random.int(1...3) {
          let wanted = random.int(0...120)
          world.open(kind: kind, wanted: wanted, policy(&random, wanted: wanted))
        }
      }
      walk(&world, seed: seed) { step, world in
        if step % 500 == 100 { world.resize(to: random.int(1...5)) }
      }
      #expect(world.isOver, "seed \(seed) stands still")
    }
  }

  @Test func exactlyTheItemsThatKillAreQuarantined() {
    var seeds = SeededGenerator.announced("exactlyTheItemsThatKillAreQuarantined")
    for _ in 0..<iterations(80) {
      let seed = seeds.next()
      var random = SeededGenerator(seed: seed)
      let wanted = random.int(1...400)
      let killers = Set((0..<random.int(0...4)).map { _ in random.int(0...(wanted - 1)) })
      let settings = PoolState<Int>.Settings(attempts: random.int(1...4))
      var world = PoolWorld(
        size: random.int(1...4), settings: settings,
        manners: .init(killers: killers, notes: random.bool()), random: random)
      world.open(kind: 0, wanted: wanted, JobPolicy())
      walk(&world, seed: seed)
      for call in world.calls.values {
        #expect(Set(call.failed.keys) == killers, "seed \(seed)")
        #expect(call.done.count == wanted - killers.count, "seed \(seed)")
      }
    }
  }

  @Test func callsThatAreGivenUpLeaveNothing() {
    var seeds = SeededGenerator.announced("callsThatAreGivenUpLeaveNothing")
    for _ in 0..<iterations(200) {
      let seed = seeds.next()
      var random = SeededGenerator(seed: seed)
      var world = PoolWorld(
        size: random.int(1...4), settings: .init(attempts: 1_000),
        manners: .init(isDangerous: true), random: random)
      for _ in 0..<4 { world.open(kind: 0, wanted: 200, JobPolicy()) }
      for id in world.calls.keys.sorted() {
        for _ in 0..<random.int(0...80) { world.step() }
        world.close(id)
      }
      // The one that comes after them is not held up by what they left.
      for _ in 0..<random.int(0...80) { world.step() }
      world.open(kind: random.int(0...1), wanted: 20, JobPolicy())
      walk(&world, seed: seed)
      for id in world.calls.keys { world.close(id) }
      var steps = 0
      while !world.state.jobs.isEmpty, steps < 20_000 {
        world.step()
        steps += 1
      }
      #expect(world.problems.isEmpty, "seed \(seed): \(world.problems.prefix(3))")
      #expect(world.state.jobs.isEmpty && world.state.batches.isEmpty, "seed \(seed)")
    }
  }
}
