import ProcessTreeRandomTesting
import ProcessTreeSupervision
import Testing

private typealias Action = ReadinessLife.Action

@Suite struct ReadinessLifeTests {
  private static func plan(
    failures: Int = 2, limit: Duration? = .seconds(9), isProbed: Bool = true,
    successes: Int = 1, delay: Duration = .zero, beginsUp: Bool = false
  ) -> ReadinessLife.Plan {
    ReadinessLife.Plan(
      period: .seconds(1), deadline: .seconds(30), failures: failures, limit: limit,
      isProbed: isProbed, successes: successes, delay: delay, beginsUp: beginsUp)
  }

  @Test func probesComeQuicklyUntilTheFirstOneHolds() {
    var life = ReadinessLife(Self.plan())
    #expect(life.handle(.begin) == [.armDeadline(after: .seconds(30)), .probe])
    #expect(life.handle(.failed("a")) == [.armProbe(after: .milliseconds(40))])
    #expect(life.handle(.probeDue) == [.probe])
    #expect(life.handle(.failed("b")) == [.armProbe(after: .milliseconds(80))])
    for _ in 0..<70 { _ = life.handle(.failed("c")) }
    #expect(life.handle(.failed("d")) == [.armProbe(after: .seconds(1))])
    #expect(
      life.handle(.held) == [.disarmDeadline, .announceUp, .armProbe(after: .seconds(1))])
    #expect(life.handle(.held) == [.armProbe(after: .seconds(1))])
    #expect(life.isUp)
  }

  @Test func oneThatIsNotUpInTimeFailsWithTheLastReason() {
    var life = ReadinessLife(Self.plan())
    _ = life.handle(.begin)
    _ = life.handle(.failed("Connection refused"))
    #expect(
      life.handle(.deadlinePassed)
        == [.failStart("it was not up within 30.0 s: Connection refused")])
    #expect(life.handle(.held) == [] && life.handle(.probeDue) == [])
  }

  @Test func severalFailuresInARowMakeItDown() {
    var life = ReadinessLife(Self.plan())
    _ = life.handle(.begin)
    _ = life.handle(.held)
    #expect(life.handle(.failed("a")) == [.armProbe(after: .seconds(1))])
    _ = life.handle(.held)
    #expect(life.handle(.failed("a")) == [.armProbe(after: .seconds(1))])
    #expect(
      life.handle(.failed("b")) == [
        .announceDown, .armDeadline(after: .seconds(9)), .armProbe(after: .seconds(1)),
      ])
    #expect(life.handle(.failed("c")) == [.armProbe(after: .seconds(1))])
    #expect(
      life.handle(.held) == [.disarmDeadline, .announceUp, .armProbe(after: .seconds(1))])
    _ = life.handle(.failed("d"))
    _ = life.handle(.failed("e"))
    #expect(life.handle(.deadlinePassed) == [.fail("it was down for 9.0 s: e")])
  }

  @Test func theFirstProbeComesAfterTheDelay() {
    var life = ReadinessLife(Self.plan(delay: .seconds(3)))
    #expect(
      life.handle(.begin) == [.armDeadline(after: .seconds(30)), .armProbe(after: .seconds(3))])
    #expect(life.handle(.probeDue) == [.probe])
    #expect(life.handle(.held).contains(.announceUp))
  }

  @Test func severalProbesInARowMakeItUp() {
    var life = ReadinessLife(Self.plan(failures: 1, successes: 2))
    _ = life.handle(.begin)
    #expect(!life.handle(.held).contains(.announceUp))
    _ = life.handle(.failed("a"))
    #expect(!life.handle(.held).contains(.announceUp))
    #expect(life.handle(.held).contains(.announceUp))
    // And make it up again.
    #expect(life.handle(.failed("b")).contains(.announceDown))
    #expect(life.handle(.held) == [.armProbe(after: .seconds(1))] && !life.isUp)
    #expect(life.handle(.held).contains(.announceUp))
  }

  @Test func failuresInARowAreThoseWithoutASuccessBetween() {
    var life = ReadinessLife(
      Self.plan(failures: 2, limit: .zero, successes: 2, beginsUp: true))
    _ = life.handle(.begin)
    for _ in 0..<3 {
      #expect(life.handle(.failed("a")) == [.armProbe(after: .seconds(1))])
      #expect(life.handle(.held) == [.armProbe(after: .seconds(1))] && life.isUp)
    }
  }

  /// A check of liveness: it announces nothing, and ends the command at once.
  @Test func oneThatBeginsUpFailsAfterFailuresInARow() {
    var life = ReadinessLife(Self.plan(limit: .zero, delay: .seconds(2), beginsUp: true))
    #expect(life.handle(.begin) == [.armProbe(after: .seconds(2))] && life.isUp)
    _ = life.handle(.probeDue)
    #expect(life.handle(.failed("a")) == [.armProbe(after: .seconds(1))])
    #expect(life.handle(.held) == [.armProbe(after: .seconds(1))])
    #expect(life.handle(.failed("b")) == [.armProbe(after: .seconds(1))])
    #expect(life.handle(.failed("c")) == [.fail("it failed 2 times in a row: c")])
    #expect(life.handle(.held) == [] && !life.isUp)
  }

  @Test func oneThatReportsIsNotProbed() {
    var life = ReadinessLife(Self.plan(limit: nil, isProbed: false))
    #expect(life.handle(.begin) == [.armDeadline(after: .seconds(30))])
    #expect(life.handle(.ended("early")) == [])
    #expect(life.handle(.held) == [.disarmDeadline, .announceUp])
    #expect(life.handle(.held) == [])
    #expect(life.handle(.ended("STOPPING=1")) == [.announceDown])
    #expect(life.handle(.ended("STOPPING=1")) == [] && !life.isUp)
  }

  /// Whatever comes: one probe at a time, up and down in turn, one failure, which is the last.
  @Test func noWalkBreaksTheRules() {
    var random = SeededGenerator.announced("noWalkBreaksTheRules")
    var failures = 0
    for _ in 0..<iterations(2_000) {
      let isProbed = random.bool()
      let beginsUp = random.int(0...3) == 0
      var life = ReadinessLife(
        Self.plan(
          failures: random.int(-1...3), limit: beginsUp ? .zero : random.bool() ? .seconds(1) : nil,
          isProbed: isProbed, successes: random.int(-1...3),
          delay: random.bool() ? .seconds(1) : .zero, beginsUp: beginsUp))
      var isProbing = false
      var isProbeArmed = false
      var isDeadlineArmed = false
      var announced: Bool? = beginsUp ? true : nil
      var hasFailed = false
      var wrong: [String] = []
      var inputs: [ReadinessLife.Input] = [.begin]
      func isPossible(_ input: ReadinessLife.Input) -> Bool {
        switch input {
        case .failed: isProbing
        case .held: isProbing || !isProbed
        case .ended: !isProbed
        case .probeDue: isProbeArmed
        case .deadlinePassed: isDeadlineArmed
        case .begin, .end: true
        }
      }
      for _ in 0..<40 {
        let all: [ReadinessLife.Input] = [
          .held, .failed("x"), .ended("y"), .probeDue, .probeDue, .deadlinePassed,
        ]
        let input = inputs.popLast() ?? all[random.int(0...all.count - 1)]
        guard isPossible(input) else { continue }
        switch input {
        case .held, .failed: isProbing = false
        case .probeDue: isProbeArmed = false
        case .deadlinePassed: isDeadlineArmed = false
        default: break
        }
        for action in life.handle(input) {
          if hasFailed { wrong.append("\(action) after the failure") }
          switch action {
          case .probe:
            if isProbing || !isProbed { wrong.append("a second probe") }
            isProbing = true
          case .armProbe:
            if isProbing || isProbeArmed { wrong.append("a second timer") }
            isProbeArmed = true
          case .armDeadline: isDeadlineArmed = true
          case .disarmDeadline: isDeadlineArmed = false
          case .announceUp, .announceDown:
            if beginsUp { wrong.append("nobody waits for \(action)") }
            if action == .announceDown {
              if announced != true { wrong.append("down before up") }
              announced = false
              continue
            }
            if announced == true { wrong.append("up twice") }
            announced = true
          case .fail, .failStart:
            if case .failStart = action, announced != nil { wrong.append("it had started") }
            if case .fail = action, announced == nil, !beginsUp {
              wrong.append("it had not started")
            }
            if announced == true, !beginsUp { wrong.append("failed while it was up") }
            hasFailed = true
            failures += 1
          }
        }
        if life.isUp != (announced == true && !hasFailed) { wrong.append("what is it?") }
        if isProbed, !hasFailed, !isProbing, !isProbeArmed { wrong.append("nobody looks") }
      }
      guard wrong.isEmpty else {
        Issue.record("\(wrong)")
        return
      }
    }
    #expect(failures > 100)
  }
}
