import ProcessTreeScenarioRuns

/// Scenarios of pools.
enum Fixture: FixtureProgram {
  static let name = "pool-fixture"

  /// A backtrace of each worker that is meant to crash takes a second.
  static let environment = ["SWIFT_BACKTRACE": "enable=no"]
}
