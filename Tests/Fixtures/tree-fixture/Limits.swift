let limitScenarios: [String: Scenario] = [:]
