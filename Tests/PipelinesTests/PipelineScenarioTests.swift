import ProcessTreeScenarioRuns
import ProcessTreeTestSettings
import Testing

private let workScenarios = [
  "wordCount", "emptyInput", "oneItem", "manySmallRuns", "hugeAndEmptyItems", "asyncStage",
  "nothingWaitsForCompany", "asyncInput", "infiniteInput", "slowReader", "reports",
]

private let shapeScenarios = [
  "orderRestored", "orderForOneWorker", "partitioned", "partitionedByTheFirstStage",
  "everyWorkerGetsAll", "branches", "branchesInOrder", "endsPassThrough", "deepPipeline",
  "invalidPipelines",
]

private let failureScenarios = [
  "throwingStage", "throwingStageBehindManyOutputs", "throwingAtTheEnd", "throwingInput",
  "failureOfAStream",
]

private let deathScenarios = [
  "killedWorkers", "killedWorkersKeepOrder", "killedWorkersBeforeSeveralWithState",
  "killedWorkerWithState", "deadlyItems",
  "deadlyItemEndsTheRun", "streamsGoOnWithoutDeadlyItems", "whoTakesDeadlyItemsMayEndTheRun",
  "attemptsAreThoseAskedFor", "stillborn", "stillbornBesideOthers",
]

private let resizingScenarios = [
  "grow", "shrink", "resizedAndKilled", "resizedAtTheEnd", "resizedWhileStagesWait",
  "resizedAndCancelled", "numbersSetBeforeTheRun", "numbersThatCannotBe",
]

private let endScenarios = [
  "cancelledAtAnyMoment", "abandonedStreams", "cancelledStream", "unusedStream",
]

private let commandScenarios = [
  "cat", "tr", "gunzip", "frames", "commandThatReadsLittle", "commandThatFails",
  "commandThatIsMissing", "commandThatNeverEnds",
]

/// For measuring by hand; here they show that the sums are right.
private let measureScenarios = ["throughput", "throughputToRoot"]

private let startMethods = ["forkServer", "spawn"]

/// The seed of scenarios with random moments; a failing one is reported with its arguments.
private var seed: String {
  "\(TestSettings.seed.map { $0 % 1_000_000_000 } ?? .random(in: 0...1_000_000_000))"
}

/// Real processes: one scenario after another, so that two cores suffice.
@Suite(.serialized) struct PipelineScenarioTests {
  @Test(arguments: workScenarios, startMethods)
  func computesItsOutputs(scenario: String, method: String) async throws {
    try await Fixture.expectSuccess(of: scenario, method)
  }

  @Test(arguments: shapeScenarios, startMethods)
  func keepsTheOrderAndTheShareOfItsStages(scenario: String, method: String) async throws {
    try await Fixture.expectSuccess(of: scenario, method)
  }

  @Test(arguments: failureScenarios, startMethods)
  func failsWithTheStagesOwnError(scenario: String, method: String) async throws {
    try await Fixture.expectSuccess(of: scenario, method)
  }

  @Test(arguments: deathScenarios, startMethods)
  func survivesItsWorkers(scenario: String, method: String) async throws {
    try await Fixture.expectSuccess(of: scenario, method, arguments: [seed])
  }

  @Test(arguments: resizingScenarios, startMethods)
  func changesItsWorkersWhileItRuns(scenario: String, method: String) async throws {
    try await Fixture.expectSuccess(of: scenario, method, arguments: [seed])
  }

  @Test(arguments: endScenarios, startMethods)
  func leavesNothingWhenItIsCancelled(scenario: String, method: String) async throws {
    try await Fixture.expectSuccess(of: scenario, method, arguments: [seed])
  }

  @Test(arguments: commandScenarios, startMethods)
  func runsCommandsAsStages(scenario: String, method: String) async throws {
    try await Fixture.expectSuccess(of: scenario, method)
  }

  @Test(arguments: measureScenarios)
  func countsRightWhileItIsMeasured(scenario: String) async throws {
    try await Fixture.expectSuccess(of: scenario, "forkServer")
  }

  @Test func everyScenarioIsRunSomewhere() async throws {
    let listed = try await Fixture.run("").lines
    let known = [
      workScenarios, shapeScenarios, failureScenarios, deathScenarios, resizingScenarios,
      endScenarios, commandScenarios, measureScenarios,
    ]
    #expect(Set(listed) == Set(known.joined()))
  }
}
