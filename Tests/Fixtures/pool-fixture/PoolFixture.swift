import Glibc
import Pools
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

@main
struct PoolFixture: ScenarioApp {
  static var scenarios: [String: Scenario] {
    workScenarios
      .merging(failureScenarios) { $1 }
      .merging(deathScenarios) { $1 }
      .merging(endScenarios) { $1 }
      .merging(chaosScenarios) { $1 }
      .mapValues(audited)
      .merging(measurements) { $1 }
  }
}

/// A scenario that must leave nothing behind.
private func audited(_ scenario: @escaping Scenario) -> Scenario {
  { root, test in
    // The first child opens what stays open; leaks are counted from there on.
    _ = try await root.spawn(FirstWord()).result
    // So does the first timer.
    try await Task.sleep(for: .milliseconds(1))
    let before = await ResourceAudit.atRest()
    do {
      try await scenario(root, test)
    } catch {
      test.expect(false, "the scenario threw \(error)")
    }
    await test.nothingLeft(since: before)
  }
}

extension Expectations {
  /// Expects two long lists to be equal, without writing them out.
  func same<Value: Equatable>(
    _ left: [Value], _ right: [Value], file: String = #fileID, line: Int = #line
  ) {
    guard left != right else { return }
    let place = zip(left, right).enumerated().first { $1.0 != $1.1 }?.offset
    expect(
      false, "\(left.count) and \(right.count) values differ at \(place ?? -1)", file: file,
      line: line)
  }
}
