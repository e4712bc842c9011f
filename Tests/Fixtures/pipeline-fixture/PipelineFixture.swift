import Pipelines
import ProcessTreeScenarios
import ProcessTreeTesting

@main
struct PipelineFixture: ScenarioApp {
  static var scenarios: [String: Scenario] {
    workScenarios
      .merging(shapeScenarios) { $1 }
      .merging(failureScenarios) { $1 }
      .merging(deathScenarios) { $1 }
      .merging(resizingScenarios) { $1 }
      .merging(endScenarios) { $1 }
      .merging(commandScenarios) { $1 }
      .merging(measureScenarios) { $1 }
      .mapValues(audited)
  }
}

/// A scenario that must leave nothing behind.
private func audited(_ scenario: @escaping Scenario) -> Scenario {
  { root, test in
    // The first child, channel and timer bring what stays for good.
    _ = try await root.run(over: [1], using: Pipeline(Double()))
    let before = await ResourceAudit.atRest()
    try await scenario(root, test)
    await test.nothingLeft(since: before)
  }
}
