internal import Glibc
public import ProcessTree
internal import ProcessTreeTestSettings

/// What a test wants seen in a real tree.
public typealias Scenario = @Sendable (Node, Expectations) async throws -> Void

/// A program that runs the scenario that its first argument names.
///
/// Exits with 0 when every expectation held, else names on standard error those that did not.
/// Without a scenario it lists them and exits with 2.
public protocol ScenarioApp: ProcessTreeApp {
  /// The scenarios by name.
  static var scenarios: [String: Scenario] { get }
}

extension ScenarioApp {
  /// Starts children by the method that the environment names.
  public static var configuration: TreeConfiguration {
    var configuration = TreeConfiguration()
    if let method = TestSettings.startMethod {
      guard let known = StartMethod(rawValue: method) else {
        fatalError("\(TestSettings.startMethodVariable)=\(method) is no start method")
      }
      configuration.startMethod = known
    }
    return configuration
  }

  /// Runs the scenario.
  public func run(in root: Node) async throws {
    let arguments = CommandLine.arguments
    guard arguments.count > 1, let scenario = Self.scenarios[arguments[1]] else {
      print(Self.scenarios.keys.sorted().joined(separator: "\n"))
      root.exit(2)
    }
    let expectations = Expectations()
    try await scenario(root, expectations)
    for failure in expectations.failures {
      let line = "FAILED: \(failure)\n"
      _ = line.withCString { write(2, $0, strlen($0)) }
    }
    root.exit(expectations.failures.isEmpty)
  }
}
