import Glibc
import Pools
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
    let expectations = Expectations()
    // The first child opens what stays open; leaks are counted from there on.
    _ = try await root.spawn(Identity()).result
    let before = settledAudit()
    do {
      try await scenario(root, expectations)
    } catch {
      expectations.expect(false, "the scenario threw \(error)")
    }
    // No scenario leaves anything behind.
    await expectations.noLeaks(since: before)
    for failure in expectations.failures { report("FAILED: \(failure)\n") }
    root.exit(expectations.failures.isEmpty)
  }
}

private func report(_ text: String) {
  _ = text.withCString { write(2, $0, strlen($0)) }
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
    if left != right {
      failures.append("line \(line): \("\(left)".prefix(300)) is not \("\(right)".prefix(300))")
    }
  }

  /// Expects that the process holds what it held before; a socket's thread may need a moment to
  /// close the end of a peer that has gone.
  ///
  /// Threads are left out: those of the concurrency pool come and go with tasks off the loop.
  func noLeaks(since before: ResourceAudit, line: Int = #line) async {
    var before = before
    var after = before
    before.threads = 0
    for _ in 0..<400 {
      after = ResourceAudit.now()
      after.threads = 0
      if after == before { return }
      await Task.yield()
      usleep(5_000)
    }
    expect(after == before, "\(after) is not \(before)", line: line)
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

/// What the process holds once it has come to rest.
func settledAudit() -> ResourceAudit {
  var audit = ResourceAudit.now()
  var calm = 0
  while calm < 5 {
    usleep(5_000)
    let next = ResourceAudit.now()
    calm = next == audit ? calm + 1 : 0
    audit = next
  }
  return audit
}

typealias Scenario = @Sendable (Node, Expectations) async throws -> Void

let scenarios: [String: Scenario] =
  workScenarios
  .merging(measurements) { $1 }
