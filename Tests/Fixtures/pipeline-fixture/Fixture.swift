import Glibc
import Pipelines
import ProcessTreeTesting

/// Runs the scenario that the first argument names; tests start it and look at what is left.
///
/// It exits with 0 when every expectation held, and else says on standard error which did not.
@main
struct Fixture: ProcessTreeApp {
  static var configuration: TreeConfiguration {
    var configuration = TreeConfiguration()
    if let method = getenv("FIXTURE_START_METHOD") {
      configuration.startMethod = StartMethod(rawValue: String(cString: method)) ?? .forkServer
    }
    return configuration
  }

  func run(in root: Node) async throws {
    let arguments = CommandLine.arguments
    guard arguments.count > 1, let scenario = scenarios[arguments[1]] else {
      print(scenarios.keys.sorted().joined(separator: "\n"))
      root.exit(2)
    }
    let test = Expectations()
    // The first child, channel and run bring what stays for good.
    _ = try await root.run(Pipeline(Double()), over: [1])
    let before = settledAudit()
    try await scenario(root, test)
    test.noLeaks(since: before)
    for failure in test.failures { say("FAILED: \(failure)\n") }
    root.exit(test.failures.isEmpty)
  }
}

typealias Scenario = @Sendable (Node, Expectations) async throws -> Void

let scenarios: [String: Scenario] =
  workScenarios
  .merging(shapeScenarios) { $1 }
  .merging(failureScenarios) { $1 }
  .merging(deathScenarios) { $1 }
  .merging(endScenarios) { $1 }
  .merging(measureScenarios) { $1 }

func say(_ text: String) {
  _ = text.withCString { write(2, $0, strlen($0)) }
}

/// A number among the arguments, after the scenario's name.
func argument(_ place: Int, default value: Int) -> Int {
  let arguments = CommandLine.arguments
  return arguments.count > place + 1 ? Int(arguments[place + 1]) ?? value : value
}
