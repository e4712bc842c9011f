import ProcessTreeRandomTesting
import ProcessTreeScenarioRuns
import ProcessTreeTestSettings
import Testing

private let startMethods = ["forkServer", "spawn"]

private let workScenarios = [
  "mapTransform", "mapStages", "mapPrograms", "emptyAndSingle", "idleReuse",
  "configurationTravels", "manyKinds", "asynchronousInputs", "infiniteInputs", "unordered",
  "largeAndEmptyItems", "unevenItems", "manyCallsAtOnce", "nestedPools", "resize", "progress",
]

private let failureScenarios = [
  "badSizes", "thrownError", "streamsGoOn", "unencodable", "retries", "initializer", "hiddenType",
  "longestWaits",
]

private let deathScenarios = [
  "deathMatrix", "crashInCoding", "hungWorkers", "blameAmongMany", "mapFailsByDeath", "deadline",
  "signalsFromOutside", "recycling",
]

private let endScenarios = [
  "cancelBacklog", "cancelBlocked", "cancelOneCall", "failureStopsOthers", "stopNow", "shutDown",
  "bodyThrows", "cancelAtAnyMoment",
]

/// Real workers, one scenario after another, so that two cores suffice.
@Suite(.serialized) struct PoolScenarioTests {
  @Test(arguments: workScenarios, startMethods)
  func givesResults(scenario: String, method: String) async throws {
    try await Fixture.expectSuccess(of: scenario, method)
  }

  @Test(arguments: failureScenarios, startMethods)
  func namesFailures(scenario: String, method: String) async throws {
    try await Fixture.expectSuccess(of: scenario, method)
  }

  @Test(arguments: deathScenarios, startMethods)
  func survivesItsWorkers(scenario: String, method: String) async throws {
    try await Fixture.expectSuccess(of: scenario, method)
  }

  @Test(arguments: endScenarios, startMethods)
  func leavesNothing(scenario: String, method: String) async throws {
    try await Fixture.expectSuccess(of: scenario, method)
  }

  /// Twenty items for each fault.
  @Test(arguments: startMethods)
  func losesNothingInChaos(method: String) async throws {
    let random = SeededGenerator.announced("losesNothingInChaos")
    let faults = TestSettings.faults ?? (method == "spawn" ? 30 : 200)
    let items = TestSettings.items ?? faults * 20
    try await Fixture.expectSuccess(
      of: "chaos", method,
      arguments: ["\(random.seed % 1_000_000)", "\(items)", "\(faults)"],
      timeout: 60 + Double(faults) / 5)
  }

  @Test func everyScenarioIsRunSomewhere() async throws {
    let listed = try await Fixture.run("").lines
    let known = workScenarios + failureScenarios + deathScenarios + endScenarios
    #expect(Set(listed) == Set(known + ["chaos", "measure"]))
  }
}
