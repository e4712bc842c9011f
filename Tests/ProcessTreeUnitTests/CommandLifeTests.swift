import ProcessTreeRandomTesting
import Testing

@testable import ProcessTree

@Suite struct CommandLifeTests {
  private let start = SuspendingClock.now

  @Test func aStopIsSIGTERMAndThenSIGKILL() {
    var life = CommandLife()
    #expect(life.stop(within: .seconds(7), at: start) == [.terminate, .arm(.seconds(7))])
    #expect(life.phase == .terminating)
    #expect(life.deadlinePassed() == [.kill])
    #expect(life.deadlinePassed() == [])
    #expect(life.ended() == [])
    #expect(life.phase == .ended)
  }

  @Test func withoutTimeItIsKilledAtOnce() {
    var life = CommandLife()
    #expect(life.stop(within: .zero, at: start) == [.kill])
    #expect(life.stop(within: .seconds(1), at: start) == [])
  }

  @Test func theEarliestDeadlineCounts() {
    var life = CommandLife()
    _ = life.stop(within: .seconds(7), at: start)
    #expect(life.stop(within: .seconds(7), at: start + .seconds(1)) == [])
    #expect(life.stop(within: .seconds(2), at: start + .seconds(1)) == [.arm(.seconds(2))])
    #expect(life.stop(within: .zero, at: start + .seconds(2)) == [.disarm, .kill])
  }

  @Test func oneThatEndsInTimeIsNotKilled() {
    var life = CommandLife()
    _ = life.stop(within: .seconds(7), at: start)
    #expect(life.ended() == [.disarm])
    #expect(life.deadlinePassed() == [])
    #expect(life.stop(within: .zero, at: start) == [])
  }

  /// Whatever comes in whatever order: one SIGTERM at most and before SIGKILL, SIGKILL once and no
  /// later than the earliest deadline, nothing after the end, no timer left.
  @Test func noWalkBreaksTheRules() {
    var random = SeededGenerator.announced("noWalkBreaksTheRules")
    for _ in 0..<iterations(5_000) {
      var life = CommandLife()
      var now = start
      var armed: SuspendingClock.Instant?
      var latestKill: SuspendingClock.Instant?
      var signals: [CommandLife.Action] = []
      func take(_ actions: [CommandLife.Action]) {
        for action in actions {
          switch action {
          case .terminate, .kill: signals.append(action)
          case .arm(let time): armed = now + time
          case .disarm:
            #expect(armed != nil)
            armed = nil
          }
        }
      }
      for _ in 0..<random.int(1...12) {
        now += .milliseconds(random.int(0...400))
        if let due = armed, due <= now {
          now = due
          armed = nil
          take(life.deadlinePassed())
        } else if random.int(0...9) == 0 {
          take(life.ended())
        } else {
          let grace = Duration.milliseconds(random.int(-1...1_000))
          if life.phase < .killed {
            latestKill = min(latestKill ?? now + max(grace, .zero), now + max(grace, .zero))
          }
          take(life.stop(within: grace, at: now))
        }
        if life.phase < .killed { #expect(armed == latestKill) } else { #expect(armed == nil) }
      }
      #expect([[], [.terminate], [.kill], [.terminate, .kill]].contains(signals))
    }
  }
}
