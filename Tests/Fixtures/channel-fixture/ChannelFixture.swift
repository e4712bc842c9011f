import ProcessTree
import ProcessTreeScenarios

@main
struct ChannelFixture: ScenarioApp {
  static var scenarios: [String: Scenario] {
    channelScenarios.merging(redeliveryScenarios) { $1 }.merging(kindScenarios) { $1 }
      .merging(endScenarios) { $1 }.merging(largeScenarios) { $1 }
      .merging(stressScenarios) { $1 }.merging(treeLimitScenarios) { $1 }
      .merging(blockingScenarios) { $1 }.merging(sharingScenarios) { $1 }
      .merging(unreachableScenarios) { $1 }.merging(ringScenarios) { $1 }
      .merging(requestScenarios.audited) { $1 }.merging(selectionScenarios) { $1 }
  }
}
