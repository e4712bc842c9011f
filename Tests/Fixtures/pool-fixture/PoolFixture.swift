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
    _ = try await root.spawn(Identity()).result
    // So does the first timer.
    try await Task.sleep(for: .milliseconds(1))
    _ = settledAudit()
    let before = ownAudit()
    do {
      try await scenario(root, test)
    } catch {
      test.expect(false, "the scenario threw \(error)")
    }
    var after = before
    let deadline = ContinuousClock.now + .patience
    repeat {
      after = ownAudit()
      await Task.yield()
      usleep(1_000)
    } while after != before && ContinuousClock.now < deadline
    test.expect(after == before, "\(after) is not \(before)")
  }
}

/// What the process holds beside what belongs to the concurrency pool: its threads and timers come
/// and go with tasks off the loop.
private func ownAudit() -> ResourceAudit {
  var audit = ResourceAudit.now()
  audit.threads = 0
  for descriptor in 0..<1_024 {
    var target = [CChar](repeating: 0, count: 64)
    let length = readlink("/proc/self/fd/\(descriptor)", &target, target.count)
    let timer = "anon_inode:[timerfd]"
    guard length == timer.utf8.count,
      zip(target, timer.utf8).allSatisfy({ UInt8(bitPattern: $0) == $1 })
    else { continue }
    audit.descriptors["anon_inode:", default: 0] -= 1
  }
  return audit
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
