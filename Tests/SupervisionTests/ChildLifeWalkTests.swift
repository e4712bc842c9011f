import ProcessTreeRandomTesting
import ProcessTreeSupervision
import Testing

private typealias Life = ChildLife<Int>

/// What holds whatever a child sends, and in whatever order it comes.
@Suite struct ChildLifeWalkTests {
  private static let requests = ["a", "b"].map { StopRequest(requestedBy: $0, reason: "") }
  private static let policies: [StopPolicy?] = [nil, .default, .kill]

  /// A life, and what an observer knows of it.
  private struct Observed {
    var life = Life(policy: .default, startDeadline: .seconds(9))
    var inputs: [Life.Input] = []
    var announced: UInt64?
    var received: UInt64 = 0
    var isPayloadDue = false
    var firstRequest: StopRequest?
    var counts: [String: Int] = [:]

    mutating func feed(_ input: Life.Input) -> [String] {
      let before = life
      inputs.append(input)
      let isTaken = before.phase != .exited && before.phase != .declared
      switch input {
      case .goodbye(let frames, let count) where isTaken: (announced, received) = (frames, count)
      case .received(let count) where isTaken: received = count
      case .attemptLost where isTaken && !before.hasProcess: (announced, received) = (nil, 0)
      case .payload, .broke: isPayloadDue = false
      case .tieStayedCut: if life.outcome != nil { isPayloadDue = false }
      case .stop(_, let request, _) where before.phase != .exited,
        .drain(let request, _) where before.phase != .exited:
        firstRequest = firstRequest ?? request
      default: break
      }
      let actions = life.handle(input)
      var wrong: [String] = []
      func check(_ holds: Bool, _ rule: String) { if !holds { wrong.append(rule) } }
      for action in actions {
        switch action {
        case .becameReady: counts["ready", default: 0] += 1
        case .reportStop: counts["stop", default: 0] += 1
        case .awaitPayload: isPayloadDue = true
        case .armTie: check(!before.saidGoodbye || before.phase == .stopping, "a tie of the dead")
        case .lifecycle(.acknowledgeGoodbye):
          counts["goodbye", default: 0] += 1
          check(announced.map { received >= $0 } ?? false, "goodbye before the frames")
          check(!isPayloadDue || before.outcome != nil, "goodbye before the outcome")
        case .lifecycle(.conclude): counts["conclude", default: 0] += 1
        case .lifecycle(.terminate), .lifecycle(.kill):
          check(life.wasSignalled, "a signal was forgotten")
        default: break
        }
      }
      check(before.phase <= life.phase, "phases move forward")
      check(
        before.phase != .exited || (actions.isEmpty && before == life), "nothing follows the end")
      check(counts.values.allSatisfy { $0 == 1 }, "each is done once: \(counts)")
      check(life.stopRequest == firstRequest, "the first request stays")
      check(!before.wasReady || life.wasReady, "readiness stays")
      check((counts["ready"] == 1) == life.wasReady, "readiness is reported")
      check((counts["stop"] == 1) == (life.stopRequest != nil), "a stop is reported")
      check((counts["goodbye"] == 1) == life.saidGoodbye, "a goodbye is acknowledged")
      check((counts["conclude"] == 1) == (life.phase == .exited), "an end is concluded")
      if life.silence != before.silence {
        check(before.phase == .ready && life.wasSignalled, "only one that runs is hung")
      }
      check(!before.wasSignalled || life.wasSignalled, "signals stay")
      check(before.outcome == nil || life.outcome != nil, "an outcome stays")
      if let outcome = before.outcome, outcome != life.outcome {
        check(life.outcome == -1, "only a broken tie changes an outcome")
        check(!before.saidGoodbye, "nothing changes an outcome after the goodbye")
      }
      return wrong
    }
  }

  private func any(_ generator: inout SeededGenerator, _ seen: Observed) -> Life.Input {
    let end = Life.Break(violation: "noise", failure: -1)
    let frames = UInt64(generator.int(0...3))
    let steps: [ChildLifecycle.StopStep] = [.ask, .terminate, .kill]
    let inputs: [Life.Input] = [
      .start, .processStarted, .attemptLost, .couldNotStart("no"), .connected, .ready,
      .outcome(generator.int(1...9)), .outcomeFollows, .payload(generator.int(1...9)),
      .goodbye(frames: frames, received: seen.received),
      .received(frames: seen.received + frames), .received(frames: seen.received + frames),
      .violation("noise"), .broke(end), .tieCut,
      .tieStayedCut(end, processHasEnded: generator.int(0...1) == 0),
      .stop(
        steps[generator.int(0...2)], Self.requests[generator.int(0...1)],
        within: Self.policies[generator.int(0...2)]),
      .drain(Self.requests[generator.int(0...1)], within: .milliseconds(generator.int(-1...9))),
      .deadlinePassed([.start, .stop(.ask), .stop(.terminate), .leave][generator.int(0...3)]),
      .stoppedAnswering(.seconds(3)), .exited([nil, .begun, .failed("no")][generator.int(0...2)]),
    ]
    // An end is rare, so that a life has the time for all the rest.
    let last = generator.int(0...7) == 0 ? inputs.count - 1 : inputs.count - 2
    return inputs[generator.int(0...last)]
  }

  @Test func whateverComesTheFactsStayTrue() {
    var generator = SeededGenerator.announced("whateverComesTheFactsStayTrue")
    var seen = Observed()
    var (ends, goodbyes) = (0, 0)
    for _ in 0..<200_000 {
      // Most lives begin as they should.
      let input =
        seen.inputs.count < 2 && generator.int(0...3) > 0
        ? [Life.Input.start, .processStarted][seen.inputs.count] : any(&generator, seen)
      let wrong = seen.feed(input)
      guard wrong.isEmpty else {
        Issue.record("\(wrong) after \(seen.inputs)")
        return
      }
      guard seen.life.phase == .exited, generator.int(0...2) == 0 else { continue }
      ends += 1
      goodbyes += seen.counts["goodbye"] ?? 0
      seen = Observed()
    }
    #expect(ends > 1_000 && goodbyes > 100)
  }
}
