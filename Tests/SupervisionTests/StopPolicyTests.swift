import Foundation
import ProcessTreeRandomTesting
import ProcessTreeSupervision
import Testing

@Suite struct StopPolicyTests {
  @Test func theDefaultIsFiveSecondsAndTwo() {
    #expect(StopPolicy() == .default)
    #expect(StopPolicy.default.ask == .seconds(5) && StopPolicy.default.terminate == .seconds(2))
    #expect(StopPolicy.default.total == .seconds(7))
  }

  @Test func killGivesNoTime() {
    #expect(StopPolicy.kill.total == .zero)
    #expect(StopPolicy.kill == StopPolicy(ask: .zero, terminate: .zero))
  }

  @Test func negativeTimesCountAsNone() {
    #expect(StopPolicy(ask: .seconds(-1), terminate: .seconds(-9)) == .kill)
    #expect(StopPolicy(ask: .seconds(-1), terminate: .seconds(2)).total == .seconds(2))
    #expect(StopPolicy.within(budget: .seconds(-3)) == .kill)
  }

  @Test func aBudgetOfNothingKills() {
    #expect(StopPolicy.within(budget: .zero) == .kill)
  }

  @Test(arguments: [
    Duration.nanoseconds(1), .microseconds(3), .milliseconds(1), .milliseconds(333), .seconds(1),
    .seconds(7), .seconds(3_600), .seconds(1 << 40),
  ])
  func aNodeBelowHasLessThanItsParent(_ budget: Duration) {
    let policy = StopPolicy.within(budget: budget)
    #expect(policy.total < budget && policy.total <= budget * 4 / 5)
    #expect(policy.ask >= policy.terminate && policy.terminate >= .zero)
    #expect(policy.total >= budget / 2)
  }

  @Test func nestedBudgetsShrinkWithDepth() {
    // As a stop goes down: each node is asked within its parent's total.
    var policy = StopPolicy.default
    for depth in 1...20 {
      let below = StopPolicy.within(budget: policy.total)
      #expect(below.ask < policy.total && below.total < policy.total, "depth \(depth)")
      // A fifth of the time is kept back, so that the node can still report.
      #expect(below.total * 5 / 4 <= policy.total)
      policy = below
    }
    #expect(policy.total > .zero)
  }

  @Test func theShorterOfTwoIsTakenStepByStep() {
    let left = StopPolicy(ask: .seconds(1), terminate: .seconds(9))
    let right = StopPolicy(ask: .seconds(5), terminate: .seconds(2))
    #expect(left.limited(to: right) == StopPolicy(ask: .seconds(1), terminate: .seconds(2)))
  }

  @Test func limitingIsAMeet() {
    var generator = SeededGenerator.announced("limitingIsAMeet")
    func policy() -> StopPolicy {
      StopPolicy(
        drain: .milliseconds(generator.int(-2...20)), ask: .milliseconds(generator.int(-2...20)),
        terminate: .milliseconds(generator.int(-2...20)))
    }
    for _ in 0..<10_000 {
      let (left, right) = (policy(), policy())
      let both = left.limited(to: right)
      #expect(both == right.limited(to: left) && both.limited(to: left) == both)
      #expect(both.total <= min(left.total, right.total) && left.limited(to: left) == left)
    }
  }

  @Test func policiesAndRequestsAreCodable() throws {
    let policy = StopPolicy(ask: .milliseconds(1_500), terminate: .nanoseconds(7))
    let request = StopRequest(requestedBy: "Process-1", reason: "é\n")
    let bytes = try JSONEncoder().encode([policy])
    #expect(try JSONDecoder().decode([StopPolicy].self, from: bytes) == [policy])
    let text = try JSONEncoder().encode(request)
    #expect(try JSONDecoder().decode(StopRequest.self, from: text) == request)
  }
}
