import Glibc
import ProcessTree
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

  static var programs: [any NodeProgram.Type] { [Listed.self] }

  func run(in root: Node) async throws {
    let arguments = CommandLine.arguments
    guard arguments.count > 1, let scenario = scenarios[arguments[1]] else {
      print(scenarios.keys.sorted().joined(separator: "\n"))
      root.exit(2)
    }
    let expectations = Expectations()
    try await scenario(root, expectations)
    for failure in expectations.failures { root.logFailure(failure) }
    root.exit(expectations.failures.isEmpty)
  }
}

extension Node {
  func logFailure(_ text: String) {
    let line = "FAILED: \(text)\n"
    _ = line.withCString { write(2, $0, strlen($0)) }
  }
}

/// What a scenario expected and did not see.
final class Expectations {
  private(set) var failures: [String] = []

  func expect(
    _ condition: Bool, _ text: @autoclosure () -> String = "", line: Int = #line
  ) {
    if !condition { failures.append("line \(line): \(text())") }
  }

  func equal<Value: Equatable>(_ left: Value, _ right: Value, line: Int = #line) {
    if left != right { failures.append("line \(line): \(left) is not \(right)") }
  }

  /// Expects that the process holds what it held before; a socket's thread may need a moment to
  /// close the end of a peer that has gone.
  func noLeaks(
    since before: ResourceAudit, in directory: String? = nil, _ context: String = "",
    line: Int = #line
  ) {
    var after = ResourceAudit.now(runDirectory: directory)
    for _ in 0..<200 where after != before {
      usleep(5_000)
      after = ResourceAudit.now(runDirectory: directory)
    }
    expect(after == before, "\(context) \(after) is not \(before)", line: line)
  }

  /// The error that `body` throws; expects that it throws one of this type.
  func thrown<Failure: Error>(
    _ type: Failure.Type, line: Int = #line, _ body: () async throws -> Void
  ) async -> Failure? {
    do {
      try await body()
      failures.append("line \(line): no \(type) was thrown")
    } catch let error as Failure {
      return error
    } catch {
      failures.append("line \(line): \(error) is no \(type)")
    }
    return nil
  }
}

/// What the process holds once it has come to rest: a socket's thread closes the end of a peer that
/// has gone a moment later.
func settledAudit(in directory: String? = nil) -> ResourceAudit {
  var audit = ResourceAudit.now(runDirectory: directory)
  var calm = 0
  while calm < 5 {
    usleep(5_000)
    let next = ResourceAudit.now(runDirectory: directory)
    calm = next == audit ? calm + 1 : 0
    audit = next
  }
  return audit
}

typealias Scenario = @Sendable (Node, Expectations) async throws -> Void

let scenarios: [String: Scenario] =
  lifecycleScenarios
  .merging(failureScenarios) { $1 }
  .merging(groupScenarios) { $1 }
  .merging(stopScenarios) { $1 }
  .merging(eventScenarios) { $1 }
  .merging(messageScenarios) { $1 }
  .merging(limitScenarios) { $1 }
  .merging(chaosScenarios) { $1 }
  .merging(commandScenarios) { $1 }
  .merging(commandStartScenarios) { $1 }
  .merging(commandEndScenarios) { $1 }
  .merging(commandNodeScenarios) { $1 }
