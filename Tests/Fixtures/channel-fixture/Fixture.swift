import ProcessTree
import Scenarios

@main
struct Fixture: ScenarioApp {
  static var scenarios: [String: Scenario] {
    channelScenarios.merging(redeliveryScenarios) { $1 }
  }
}
