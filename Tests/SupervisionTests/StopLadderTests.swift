import ProcessTreeRandomTesting
import ProcessTreeSupervision
import Testing

/// The ladder as a command climbs it; a child's is part of `ChildLifecycle`.
@Suite struct StopLadderTests {
  private static func grace(_ time: Duration) -> StopPolicy {
    StopPolicy(ask: .zero, terminate: time)
  }

  private func ladder(_ time: Duration) -> StopLadder { StopLadder(Self.grace(time)) }

  @Test func aStopIsSIGTERMAndThenSIGKILL() {
    var ladder = ladder(.seconds(7))
    #expect(ladder.stop(from: .terminate) == [.terminate, .arm(.terminate, after: .seconds(7))])
    #expect(ladder.step == .terminate)
    #expect(ladder.stop(from: .terminate.next) == [.disarm, .kill])
    #expect(ladder.stop(from: .terminate.next) == [])
  }

  @Test func withoutTimeItIsKilledAtOnce() {
    var ladder = ladder(.zero)
    #expect(ladder.stop(from: .terminate) == [.disarm, .kill])
    #expect(ladder.stop(from: .terminate, within: Self.grace(.seconds(1))) == [])
  }

  @Test func aDrainComesFirstWhereThereIsTimeForIt() {
    let policy = StopPolicy(drain: .seconds(3), ask: .seconds(2), terminate: .seconds(1))
    var ladder = StopLadder(policy)
    #expect(
      ladder.stop(from: .drain) == [.drain(within: .seconds(3)), .arm(.drain, after: .seconds(3))])
    // A stop does not end the drain of a policy.
    #expect(ladder.stop(from: .drain) == [])
    #expect(ladder.drain(within: .seconds(9)) == [])
    #expect(
      ladder.stop(from: .drain.next) == [.ask(within: .seconds(3)), .arm(.ask, after: .seconds(2))])
    var plain = StopLadder(.default)
    #expect(plain.stop(from: .drain).first == .ask(within: .seconds(7)))
  }

  @Test func aStopEndsADrainThatSomebodyAskedFor() {
    var ladder = StopLadder(.default)
    #expect(
      ladder.drain(within: .seconds(9)) == [
        .drain(within: .seconds(9)), .arm(.drain, after: .seconds(9)),
      ])
    #expect(ladder.word == .drain(within: .seconds(9)))
    #expect(ladder.stop(from: .drain).first == .ask(within: .seconds(7)))
    #expect(ladder.stop(from: .drain) == [])
    var none = StopLadder(.default)
    #expect(none.drain(within: .zero).first == .ask(within: .seconds(7)))
  }

  @Test func aShorterTimeCutsTheStepShort() {
    var ladder = ladder(.seconds(7))
    _ = ladder.stop(from: .terminate)
    #expect(ladder.stop(from: .terminate, within: Self.grace(.seconds(7))) == [])
    #expect(
      ladder.stop(from: .terminate, within: Self.grace(.seconds(2))) == [
        .arm(.terminate, after: .seconds(2))
      ])
    #expect(ladder.stop(from: .terminate, within: Self.grace(.zero)) == [.disarm, .kill])
  }

  /// Whatever comes in whatever order: one SIGTERM at most and before SIGKILL, SIGKILL once and no
  /// later than the earliest deadline, no timer left.
  @Test func noWalkBreaksTheRules() {
    var random = SeededGenerator.announced("noWalkBreaksTheRules")
    for _ in 0..<iterations(5_000) {
      var ladder: StopLadder?
      var now: Duration = .zero
      var armed: Duration?
      var latestKill: Duration?
      var signals: [StopLadder.Action] = []
      func take(_ actions: [StopLadder.Action]) {
        for action in actions {
          switch action {
          case .drain, .ask: Issue.record("a command cannot be asked")
          case .terminate, .kill: signals.append(action)
          // The earliest of several counts.
          case .arm(_, let time): armed = min(armed ?? now + time, now + time)
          case .disarm: armed = nil
          }
        }
      }
      for _ in 0..<random.int(1...12) {
        now += .milliseconds(random.int(0...400))
        if let due = armed, due <= now {
          now = due
          armed = nil
          take(ladder?.stop(from: .terminate.next) ?? [])
        } else {
          let policy = Self.grace(.milliseconds(random.int(-1...1_000)))
          if ladder?.step != .kill {
            latestKill = min(latestKill ?? now + policy.total, now + policy.total)
          }
          if ladder == nil { ladder = StopLadder(policy) }
          take(ladder?.stop(from: .terminate, within: policy) ?? [])
        }
        if ladder?.step == .kill { #expect(armed == nil) } else { #expect(armed == latestKill) }
      }
      #expect([[], [.terminate], [.kill], [.terminate, .kill]].contains(signals))
    }
  }
}
