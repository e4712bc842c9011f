import ProcessTreeRandomTesting
import ProcessTreeSupervision
import Testing

/// What holds for a supervisor whatever happens below it, and in whatever order.
@Suite struct SupervisorWalkTests {
  @Test func whateverHappensTheRulesHold() throws {
    var generator = SeededGenerator.announced("whateverHappensTheRulesHold")
    var starts = 0
    for _ in 0..<iterations(4_000) {
      var world = try SupervisorWorld(SupervisorPlan(&generator))
      world.feed(.begin)
      for _ in 0..<generator.int(5...50) where world.violations.isEmpty && !world.isOver {
        world.step(&generator)
      }
      if !world.isOver { world.calm() }
      world.feed(.stopAll(within: .seconds(1)))
      world.calm()
      world.check(world.isOver, "it does not end")
      starts += world.starts
      guard world.violations.isEmpty else {
        let account = ["\(world.plan)"] + world.history.map { "\($0)" } + world.violations
        _ = Issue.record("\(account.joined(separator: "\n"))")
        return
      }
    }
    #expect(starts > iterations(4_000))
  }
}
