import ProcessTreeTestSettings

/// The rounds of a fuzzer: as many as make sense for its target in a test run, and more for as long as
/// the environment gives it.
package struct FuzzRounds: Sequence, IteratorProtocol {
  private let count: Int
  private let deadline: ContinuousClock.Instant?
  private var round = 0

  fileprivate init(_ count: Int, for seconds: Double?) {
    self.count = count
    deadline = seconds.map { .now + .seconds($0) }
  }

  /// The number of the next round; nil when there have been enough.
  package mutating func next() -> Int? {
    guard round < count || deadline.map({ .now < $0 }) ?? false else { return nil }
    defer { round += 1 }
    return round
  }
}

/// The rounds of a fuzzer that takes some seconds for `count` of them at most.
package func rounds(_ count: Int) -> FuzzRounds {
  FuzzRounds(count, for: TestSettings.fuzzSeconds)
}
