import ProcessTreeScenarioRuns

/// Scenarios of pipelines.
enum Fixture: FixtureProgram {
  static let name = "pipeline-fixture"
}
