import ProcessTreeRandomTesting
import Testing

@testable import ProcessTree

@Suite struct ReportThrottleTests {
  private func report(_ number: Int) -> ProgressReport {
    ProgressReport(message: "", completed: number, total: nil)
  }

  @Test func aBurstPassesAndTheNextIsHeld() {
    var throttle = ReportThrottle()
    let now = SuspendingClock.now
    let passed = (1...ReportThrottle.burst).compactMap { throttle.offer(report($0), at: now) }
    #expect(passed.count == ReportThrottle.burst)
    let held = [101, 102, 103].map { throttle.offer(report($0), at: now) }
    #expect(held == [nil, nil, nil])
    let taken = throttle.takeHeld()
    #expect(taken?.completed == 103 && taken?.coalesced == 2)
    let again = throttle.takeHeld()
    #expect(again == nil)
  }

  @Test func aNewPeriodLetsAnotherBurstPass() {
    var throttle = ReportThrottle()
    let now = SuspendingClock.now
    for number in 1...ReportThrottle.burst { _ = throttle.offer(report(number), at: now) }
    let early = throttle.offer(report(0), at: now + ReportThrottle.period - .nanoseconds(1))
    #expect(early == nil)
    _ = throttle.takeHeld()
    let later = throttle.offer(report(0), at: now + ReportThrottle.period)
    #expect(later != nil)
  }

  @Test func aReportThatIsHeldIsNotOvertaken() {
    var throttle = ReportThrottle()
    let now = SuspendingClock.now
    for number in 0...ReportThrottle.burst { _ = throttle.offer(report(number), at: now) }
    let next = throttle.offer(report(500), at: now + .seconds(10))
    #expect(next == nil)
    let held = throttle.takeHeld()
    #expect(held?.completed == 500 && held?.coalesced == 1)
  }

  @Test func eachReportPassesOrIsCounted() {
    var generator = SeededGenerator.announced("eachReportPassesOrIsCounted")
    var throttle = ReportThrottle()
    var now = SuspendingClock.now
    var (offered, accounted, last) = (0, 0, 0)
    var passedAt: [SuspendingClock.Instant] = []
    func account(_ report: ProgressReport?) {
      guard let report else { return }
      accounted += 1 + report.coalesced
      #expect((report.completed ?? 0) > last, "in order")
      last = report.completed ?? 0
      passedAt.append(now)
    }
    for _ in 0..<100_000 {
      now += .microseconds(generator.int(0...generator.int(1...2_000)))
      guard generator.int(0...300) > 0 else {
        account(throttle.takeHeld())
        continue
      }
      offered += 1
      account(throttle.offer(report(offered), at: now))
    }
    account(throttle.takeHeld())
    #expect(accounted == offered && last == offered)
    #expect(passedAt.count < offered, "else nothing was throttled")
  }
}
