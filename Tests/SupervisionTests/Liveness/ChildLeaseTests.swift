import ProcessTreeSupervision
import Testing

private typealias Action = ChildLease.Action

/// A lease of 400 ms, of which the child renews a quarter at a time, and what follows at which
/// moment.
@Suite struct ChildLeaseTests {
  private static let liveness = Liveness(lease: .milliseconds(400), limit: .milliseconds(1_000))

  /// A parent whose loop looks exactly when it is due to, and finds what the test prepares.
  private struct Bench {
    var lease: ChildLease
    var now = Duration.zero
    var due: Duration?
    var state = ProcessState.running
    var mayWaitForOutput = false
    var log: [String] = []

    init(_ liveness: Liveness = ChildLeaseTests.liveness) {
      lease = ChildLease(liveness)
      feed(.begin)
    }

    mutating func feed(_ input: ChildLease.Input) {
      for action in lease.handle(input, at: now) {
        switch action {
        case .arm(let time): due = now + time
        case .disarm: due = nil
        case .inspect: feed(.found(state, mayWaitForOutput: mayWaitForOutput))
        case .reportUnresponsive(let silence, let state): log.append("\(silence) \(state)")
        case .reportResponsive(let silence): log.append("again \(silence)")
        case .kill(let silence): log.append("kill \(silence)")
        }
      }
    }

    /// Lets time pass; the parent looks whenever it is due to, unless it sleeps.
    mutating func pass(_ milliseconds: Int, isAsleep: Bool = false) {
      let end = now + .milliseconds(milliseconds)
      while !isAsleep, let next = due, next <= end {
        (now, due) = (next, nil)
        feed(.timePassed)
      }
      now = end
      guard let next = due, next <= end else { return }
      due = nil
      feed(.timePassed)
    }

    mutating func renew(isSuspended: Bool = false) { feed(.renewed(isSuspended: isSuspended)) }

    mutating func look() -> String {
      defer { log = [] }
      return log.joined(separator: ", ")
    }
  }

  @Test func aChildThatRenewsIsLeftAlone() {
    var bench = Bench()
    for _ in 1...100 {
      bench.pass(100)
      bench.renew()
    }
    bench.pass(399)
    #expect(bench.look() == "")
  }

  @Test func silenceIsReportedAtTheLeaseAndEndsAtTheLimit() {
    var bench = Bench()
    bench.pass(37)
    bench.renew()
    bench.pass(399)
    #expect(bench.look() == "")
    bench.pass(1)
    #expect(bench.look() == "0.4 seconds its loop does not turn")
    bench.pass(599)
    #expect(bench.look() == "")
    bench.pass(1)
    #expect(bench.look() == "kill 1.0 seconds")
    bench.renew()
    bench.pass(9_000)
    #expect(bench.look() == "" && bench.due == nil)
  }

  @Test func oneThatAnswersAgainHasTheWholeLease() {
    var bench = Bench()
    bench.state = .stopped
    bench.pass(700)
    bench.renew()
    #expect(bench.look() == "0.4 seconds its process is stopped, again 0.7 seconds")
    bench.pass(399)
    #expect(bench.look() == "")
  }

  @Test func withoutALimitNobodyIsKilled() {
    var bench = Bench(Liveness(lease: .milliseconds(400), limit: nil))
    bench.pass(90_000)
    #expect(bench.look() == "0.4 seconds its loop does not turn" && bench.due == nil)
    bench.renew()
    bench.pass(400)
    #expect(bench.look() == "again 90.0 seconds, 0.4 seconds its loop does not turn")
  }

  @Test func aSuspendedLeaseIsNotOver() {
    var bench = Bench()
    bench.renew(isSuspended: true)
    bench.pass(9_000)
    #expect(bench.look() == "" && bench.due == nil)
    bench.renew()
    bench.pass(400)
    #expect(bench.look() == "0.4 seconds its loop does not turn")
    bench.renew(isSuspended: true)
    bench.pass(9_000)
    #expect(bench.look() == "again 0.4 seconds")
  }

  @Test func oneThatIsTracedIsNotKilled() {
    var bench = Bench()
    bench.state = .traced(by: 7)
    bench.pass(60_000)
    #expect(bench.look() == "0.4 seconds process 7 traces it")
    // The debugger lets go: from the next look on, the limit is that of any other.
    bench.state = .running
    bench.pass(999)
    #expect(bench.look() == "")
    bench.pass(1_001)
    #expect(bench.look().hasPrefix("kill"))
  }

  @Test func waitingForOneselfDoesNotCount() {
    var bench = Bench()
    bench.mayWaitForOutput = true
    bench.pass(60_000)
    #expect(bench.look() == "")
    // A stopped process does not write.
    bench.state = .stopped
    bench.pass(400)
    #expect(bench.look() == "0.4 seconds its process is stopped")
  }

  @Test func timeInWhichTheParentSleptDoesNotCount() {
    var bench = Bench()
    bench.pass(100)
    bench.renew()
    bench.pass(99)
    bench.pass(3_600_000, isAsleep: true)
    bench.pass(100)
    bench.renew()
    #expect(bench.look() == "")
    // Nor does it in the middle of a silence.
    bench.pass(500)
    bench.pass(3_600_000, isAsleep: true)
    bench.pass(300)
    #expect(bench.look() == "0.4 seconds its loop does not turn")
    bench.pass(300)
    #expect(bench.look().hasPrefix("kill"))
  }

  @Test func nothingHappensBeforeTheBeginningAndAfterTheEnd() {
    var lease = ChildLease(Self.liveness)
    #expect(lease.handle(.renewed(isSuspended: false), at: .zero) == [])
    #expect(lease.handle(.timePassed, at: .seconds(9)) == [])
    #expect(lease.handle(.begin, at: .seconds(9)) == [.arm(after: .milliseconds(100))])
    #expect(lease.handle(.begin, at: .seconds(9)) == [])
    #expect(lease.handle(.end, at: .seconds(9)) == [.disarm])
    for input in [ChildLease.Input.begin, .renewed(isSuspended: false), .timePassed, .end] {
      #expect(lease.handle(input, at: .seconds(99)) == [])
    }
    var off = ChildLease(.off)
    #expect(off.handle(.begin, at: .zero) == [])
  }

  @Test func valuesOutOfRangeCountAsTheNearest() {
    let short = Liveness(lease: .zero, limit: .seconds(-1))
    #expect(short.lease == .milliseconds(40) && short.limit == short.lease)
    #expect(Liveness(lease: .seconds(1 << 60)) == Liveness(lease: .seconds(1 << 60), limit: .zero))
    #expect("\(Liveness.off)" == "off" && Liveness.off.isOff && !Liveness().isOff)
    #expect("\(Liveness())" == "unresponsive after 2.0 seconds, killed after 10.0 seconds")
  }

  @Test(
    arguments: [
      ("State:\tS (sleeping)\nTracerPid:\t0\n", .running),
      ("State:\tT (stopped)\nTracerPid:\t0\n", .stopped),
      ("State:\tt (tracing stop)\nTracerPid:\t4711\n", .traced(by: 4_711)),
      ("State:\tR (running)\nTracerPid:\t4711\n", .traced(by: 4_711)), ("", .running),
    ] as [(String, ProcessState)])
  func theKernelsLinesAreUnderstood(_ status: String, _ state: ProcessState) {
    #expect(ProcessState(status: "Name:\tx\n" + status + "Threads:\t1\n") == state)
  }
}
