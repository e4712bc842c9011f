import ProcessTreeRandomTesting
import ProcessTreeSupervision
import Testing

/// What holds in every life, whatever happens in it.
@Suite struct ChildLifecycleWalkTests {
  /// A life and what an observer has seen of it.
  private struct Observed {
    var life: ChildLifecycle
    var armed: ChildLifecycle.Deadline?
    var inputs: [ChildLifecycle.Input] = []
    var hasProcess = false
    var isConnected = false
    var launches = 0
    var losses = 0
    var goodbyes = 0
    var conclusions = 0
    var kills = 0

    init(_ generator: inout SeededGenerator) {
      let times: [Duration] = [.zero, .milliseconds(1), .seconds(4), .seconds(100)]
      let policy = StopPolicy(
        drain: .milliseconds(generator.int(0...9)),
        ask: times[generator.int(0...3)], terminate: times[generator.int(0...3)])
      life = ChildLifecycle(policy: policy, startDeadline: .seconds(9))
    }

    /// Feeds an input and checks what came of it.
    mutating func feed(_ input: ChildLifecycle.Input) -> [String] {
      let before = life
      inputs.append(input)
      // Before the start there is nothing that could have made one.
      if input == .processStarted, before.phase != .declared { hasProcess = true }
      if input == .connected { isConnected = true }
      if input == .attemptLost {
        losses += 1
        if !hasProcess { isConnected = false }
      }
      if case .deadlinePassed(let deadline) = input, deadline == armed { armed = nil }
      let actions = life.handle(input)
      var wrong: [String] = []
      func check(_ holds: Bool, _ rule: String) { if !holds { wrong.append(rule) } }
      check(before.phase <= life.phase, "phases move forward")
      check((before.stopStep ?? .drain) <= (life.stopStep ?? .kill), "steps grow stronger")
      check(before.stopStep == nil || life.stopStep != nil, "a stop is not forgotten")
      check(!before.startTimedOut || life.startTimedOut, "a late start stays one")
      if before.phase == .exited { check(actions.isEmpty, "nothing follows the end") }
      var armings = 0
      for action in actions {
        switch action {
        case .launch: launches += 1
        case .giveUpAttempt: check(!hasProcess, "gave an attempt up that has a process")
        case .arm(let deadline, let time):
          armed = deadline
          armings += 1
          check(time > .zero, "a deadline without time")
        case .disarm: armed = nil
        case .drain, .ask: check(isConnected, "told before it was connected")
        case .terminate: check(hasProcess, "terminated without a process")
        case .kill:
          kills += 1
          check(hasProcess, "killed without a process")
        case .acknowledgeGoodbye: goodbyes += 1
        case .conclude: conclusions += 1
        }
      }
      check(armings <= 1, "one deadline at a time")
      check(launches <= 1 + losses, "launched once, and again only when that was lost")
      check(!hasProcess || !actions.contains(.launch), "launched beside a process")
      check(goodbyes <= 1, "goodbye acknowledged once")
      check(conclusions == (life.phase == .exited ? 1 : 0), "concluded once, at the end")
      check(life.phase != .exited || armed == nil, "no deadline outlives the child")
      return wrong
    }

    /// Whether time alone ends the child, when it should: it is starting or stopping.
    func timeEndsIt() -> Bool {
      guard hasProcess, life.phase == .starting || life.phase == .stopping else { return true }
      var rest = self
      for _ in 0..<4 {
        guard let deadline = rest.armed else { break }
        _ = rest.feed(.deadlinePassed(deadline))
      }
      return rest.kills > 0
    }

    /// Whether somebody who insists has it killed.
    func insistingEndsIt() -> Bool {
      guard hasProcess, life.phase != .exited, life.phase != .declared else { return true }
      var rest = self
      _ = rest.feed(.stop(.kill))
      return rest.kills > 0
    }
  }

  /// The events that can really come next for a child.
  private func possible(_ seen: Observed, speaksEarly: Bool) -> [ChildLifecycle.Input] {
    var inputs: [ChildLifecycle.Input] = [
      .stop(.drain), .stop(.ask), .stop(.terminate), .stop(.kill), .drain(within: .seconds(1)),
    ]
    if let armed = seen.armed { inputs.append(.deadlinePassed(armed)) }
    guard seen.launches > 0 else { return inputs + [.start, .start] }
    if seen.hasProcess {
      inputs.append(.exited)
    } else {
      inputs += [.processStarted, .processStarted, .attemptLost]
      if !seen.isConnected { inputs.append(.couldNotStart) }
    }
    guard seen.hasProcess || speaksEarly else { return inputs }
    inputs += seen.isConnected ? [.ready, .goodbye] : [.connected]
    return inputs
  }

  /// - Parameter speaksEarly: Whether a child may be heard before the operating system's word that
  ///   it exists has come: they come by different ways.
  @Test(arguments: [false, true])
  func possibleLivesEnd(_ speaksEarly: Bool) {
    var generator = SeededGenerator.announced("possibleLivesEnd(\(speaksEarly))")
    var seen = Observed(&generator)
    var ends = 0
    for _ in 0..<100_000 {
      let inputs = possible(seen, speaksEarly: speaksEarly)
      var wrong = seen.feed(inputs[generator.int(0...inputs.count - 1)])
      if !seen.timeEndsIt() { wrong.append("nothing that is armed ends it") }
      if !seen.insistingEndsIt() { wrong.append("insisting does not end it") }
      guard wrong.isEmpty else {
        Issue.record("\(wrong) after \(seen.inputs)")
        return
      }
      guard seen.life.phase == .exited else { continue }
      ends += 1
      seen = Observed(&generator)
    }
    #expect(ends > 1_000)
  }

  @Test func impossibleLivesAreHarmless() {
    var generator = SeededGenerator.announced("impossibleLivesAreHarmless")
    let inputs = ChildLifecycleEndingTests.everyInput
    var seen = Observed(&generator)
    for _ in 0..<100_000 {
      let wrong = seen.feed(inputs[generator.int(0...inputs.count - 1)])
      guard wrong.isEmpty else {
        Issue.record("\(wrong) after \(seen.inputs)")
        return
      }
      if seen.life.phase == .exited, generator.int(0...3) == 0 { seen = Observed(&generator) }
    }
  }

  @Test func theStepsOfAStopTakeTheTimeOfThePolicy() {
    var generator = SeededGenerator.announced("theStepsOfAStopTakeTheTimeOfThePolicy")
    for _ in 0..<5_000 {
      let policy = StopPolicy(
        drain: .milliseconds(generator.int(0...9)),
        ask: .milliseconds(generator.int(0...9)), terminate: .milliseconds(generator.int(0...9)))
      var life = ChildLifecycle(policy: policy, startDeadline: .seconds(9))
      for input in [ChildLifecycle.Input.start, .processStarted, .connected, .ready] {
        _ = life.handle(input)
      }
      var spent: Duration = .zero
      var actions = life.handle(.stop(.drain))
      for _ in 0..<4 where !actions.contains(.kill) {
        guard case .arm(let deadline, let time) = actions.last else { break }
        spent += time
        actions = life.handle(.deadlinePassed(deadline))
      }
      #expect(actions.contains(.kill) && spent == policy.total)
    }
  }
}
