import ProcessTreeScenarioRuns
import Testing

/// Everything here starts real processes: one test after another, so that two cores suffice.
@Suite(.serialized)
enum ProcessTrees {}

/// The start methods, each of which has to behave the same.
let startMethods = ["forkServer", "spawn"]

/// Scenarios of nodes, children and commands.
enum Fixture: FixtureProgram {
  static let name = "tree-fixture"
}

/// Scenarios of channels.
enum ChannelFixture: FixtureProgram {
  static let name = "channel-fixture"
}
