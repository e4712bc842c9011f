import ProcessTree
import ProcessTreeScenarios

/// Runs the scenario that the first argument names; tests start it and look at what is left.
@main
struct TreeFixture: ScenarioApp {
  static var programs: [any NodeProgram.Type] { [Listed.self] }

  static func describe(_ error: any Error) -> String {
    (error as? Mumbling)?.words ?? "\(error)"
  }

  static func main() {
    becomeForeignNode()
    dieEarly()
    takeOver()
  }

  static var scenarios: [String: Scenario] {
    lifecycleScenarios
      .merging(failureScenarios) { $1 }
      .merging(deathScenarios) { $1 }
      .merging(groupScenarios) { $1 }
      .merging(stopScenarios) { $1 }
      .merging(eventScenarios) { $1 }
      .merging(messageScenarios) { $1 }
      .merging(limitScenarios) { $1 }
      .merging(inheritanceScenarios) { $1 }
      .merging(settingsScenarios) { $1 }
      .merging(originScenarios) { $1 }
      .merging(hookScenarios.audited) { $1 }
      .merging(requesterScenarios.audited) { $1 }
      .merging(chaosScenarios) { $1 }
      .merging(runScenarios) { $1 }
      .merging(breakageScenarios) { $1 }
      .merging(commandScenarios) { $1 }
      .merging(commandStartScenarios) { $1 }
      .merging(commandEndScenarios) { $1 }
      .merging(commandNodeScenarios) { $1 }
      .merging(commandRedirectionScenarios) { $1 }
      .merging(commandUserScenarios) { $1 }
      .merging(outputScenarios) { $1 }
      .merging(commandCaptureScenarios) { $1 }
      .merging(timeoutScenarios) { $1 }
      .merging(foreignScenarios) { $1 }
      .merging(explanationScenarios.audited) { $1 }
      .merging(leakyScenarios.audited) { $1 }
  }
}
