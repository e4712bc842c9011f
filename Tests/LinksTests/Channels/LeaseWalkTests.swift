import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@testable import ProcessTreeLinks

/// Leased channels on random walks: takes, acknowledgements in any order, recalls, deaths,
/// departures.
@Suite struct LeaseWalkTests {
  /// What walks differ in.
  struct Course: Sendable, CustomTestStringConvertible {
    let specification: ChannelSpecification
    var poison = 0
    var testDescription: String { "\(specification), poison \(poison)" }
  }

  private static let courses: [Course] = [
    Course(specification: .of(.work)),
    Course(specification: .of(.work, prefetch: 1)),
    Course(specification: .of(.work, prefetch: 5, attempts: 2), poison: 20),
    Course(specification: .of(.work, attempts: 1), poison: 5),
    Course(specification: .of(.work, overflow: .dropOldest(5), prefetch: 10)),
    Course(specification: .of(.work, overflow: .dropNewest(1), prefetch: 3), poison: 5),
    Course(specification: .of(.work, overflow: .fail(3), prefetch: 4)),
    Course(specification: .of(.service, prefetch: 4), poison: 10),
  ]

  @Test(arguments: courses)
  func nothingIsLostAndNothingIsDoneTwiceWithoutReason(_ course: Course) async throws {
    let random = SeededGenerator.announced("leases, \(course)")
    try await withLoop { loop in
      var generator = random
      var deaths = 0
      for _ in 0..<iterations(20) {
        let seed = generator.next()
        var own = SeededGenerator(seed: seed)
        let walk = LeaseWalk(course.specification, poison: course.poison, on: loop, &own)
        do {
          for _ in 0..<own.int(10...400) { try walk.step(&own) }
          if own.int(0...3) == 0 {
            try walk.endWithoutReceivers(&own)
          } else {
            try walk.end(&own)
          }
        } catch {
          Issue.record("seed \(seed): \(error)")
          return
        }
        deaths += walk.deaths
      }
      #expect(deaths > 5)
    }
  }
}
