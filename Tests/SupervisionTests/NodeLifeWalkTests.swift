import ProcessTreeRandomTesting
import ProcessTreeSupervision
import Testing

private typealias Life = NodeLife<Int>

/// What holds on every way of a node to its end.
@Suite struct NodeLifeWalkTests {
  private struct Observed {
    var life: Life
    let isRoot: Bool
    var inputs: [Life.Input] = []
    var armed: Set<Life.Deadline> = []
    var counts: [String: Int] = [:]
    /// The passes over the children, in order.
    var passes: [(onlyDaemons: Bool, policy: StopPolicy?)] = []
    var isNothingBelow = false

    init(isRoot: Bool) {
      self.isRoot = isRoot
      life = Life(of: "N", isRoot: isRoot, cancelled: -2)
    }

    mutating func feed(_ input: Life.Input) -> [String] {
      let before = life
      inputs.append(input)
      if case .deadlinePassed(let deadline) = input { armed.remove(deadline) }
      if input == .nothingBelow, before.phase == .reported { isNothingBelow = true }
      let actions = life.handle(input)
      var wrong: [String] = []
      func check(_ holds: Bool, _ rule: String) { if !holds { wrong.append(rule) } }
      for action in actions {
        switch action {
        case .drain: counts["drain", default: 0] += 1
        case .cleanUp:
          counts["clean up", default: 0] += 1
          check(before.phase == .running && life.phase == .cleaning, "cleans up too early or late")
        case .cancelProgram: counts["cancel", default: 0] += 1
        case .startNoMore: counts["start no more", default: 0] += 1
        case .flushReports: counts["flush", default: 0] += 1
        case .endChannels:
          check(life.phase > .cleaning, "channels end before the program and its hooks")
        case .stopChildren(_, let onlyDaemons, let policy):
          passes.append((onlyDaemons, policy))
          check(counts["start no more"] == 1, "children are stopped while others start")
        case .sendOutcome(let outcome):
          counts["outcome", default: 0] += 1
          check(outcome == life.outcome, "another outcome than the node's")
        case .closeDown:
          counts["close down", default: 0] += 1
          check(isNothingBelow && counts["outcome"] == 1, "closed down before children are gone")
        case .sayGoodbye:
          counts["goodbye", default: 0] += 1
          check(!isRoot && counts["close down"] == 1, "goodbye before children are gone")
        case .cutTie: check(counts["goodbye"] == 1, "cut the tie before the goodbye")
        case .arm(let deadline, let time):
          counts["deadline \(deadline)", default: 0] += 1
          armed.insert(deadline)
          check(time > .zero, "a deadline without time")
        case .finish: counts["finish", default: 0] += 1
        case .reportWhoIsWaitedFor:
          check(isRoot && life.stopRequest == nil, "names children of a node that is stopped")
        case .stopCommands: break
        }
      }
      check(before.phase <= life.phase, "phases move forward")
      check(counts.values.allSatisfy { $0 == 1 }, "each is done once: \(counts)")
      check((counts["finish"] == 1) == life.isFinished, "finished once")
      check(!before.isFinished || actions.isEmpty, "nothing follows the end")
      check(before.stopRequest == nil || before.stopRequest == life.stopRequest, "requests stay")
      check(before.signal == nil || before.signal == life.signal, "signals stay")
      check((counts["cancel"] == 1) == (life.stopRequest != nil), "a stop cancels the program")
      check((counts["drain"] == 1) == life.isDraining, "a drain is begun once")
      check(life.phase <= .cleaning || counts["start no more"] == 1, "starts after the end")
      if before.phase > .ended { check(before.outcome == life.outcome, "a sent outcome changed") }
      // One pass over the children, and a second one only where a stop follows the program's end.
      check(passes.count <= 2, "children are stopped again and again")
      if passes.count == 2 {
        check(passes[0].policy == nil && passes[1].policy != nil, "a stop is repeated")
        check(!passes[1].onlyDaemons, "a stop passes children over")
      }
      return wrong
    }

    /// Whether the node ends once its surroundings let it, from here on.
    func ends() -> Bool {
      var rest = self
      _ = rest.feed(.programEnded(1, isResult: true))
      _ = rest.feed(.cleanedUp)
      for input in [
        Life.Input.channels(areSettled: true, messagesArrived: true, fault: nil), .nothingBelow,
      ] {
        _ = rest.feed(input)
      }
      return rest.endsByTime()
    }

    /// Whether time alone ends a node that has nothing below any more.
    func endsByTime() -> Bool {
      var rest = self
      for _ in 0..<4 {
        for deadline in Life.Deadline.allCases where rest.armed.contains(deadline) {
          _ = rest.feed(.deadlinePassed(deadline))
        }
      }
      return rest.life.isFinished
    }

    /// Whether a stopped node sends its outcome although its channels never settle.
    func stopEndsIt() -> Bool {
      guard life.stopRequest != nil, isRoot || life.phase > .cleaning else { return true }
      var rest = self
      for _ in 0..<3 {
        for deadline in Life.Deadline.allCases where rest.armed.contains(deadline) {
          _ = rest.feed(.deadlinePassed(deadline))
        }
        _ = rest.feed(.channels(areSettled: false, messagesArrived: true, fault: nil))
      }
      _ = rest.feed(.nothingBelow)
      return rest.endsByTime()
    }
  }

  private func any(_ generator: inout SeededGenerator, _ seen: Observed) -> Life.Input {
    let request = StopRequest(requestedBy: ["a", "b"][generator.int(0...1)], reason: "")
    let policy = [StopPolicy.default, .kill, StopPolicy(drain: .seconds(1))][generator.int(0...2)]
    let outcome = generator.int(1...9)
    var inputs: [Life.Input] = [
      .stop(request, within: policy, signal: [nil, 2, 15][generator.int(0...2)]),
      .programEnded(outcome, isResult: generator.int(0...1) == 0),
      .gaveUp(-1, request, within: policy),
      .channels(
        areSettled: generator.int(0...1) == 0, messagesArrived: generator.int(0...1) == 0,
        fault: generator.int(0...3) == 0 ? -3 : nil),
      .nothingBelow, .flushed, .drain(request, within: .seconds(1)), .hookAdded, .cleanedUp,
    ]
    inputs += seen.armed.map { .deadlinePassed($0) }.sorted { "\($0)" < "\($1)" }
    if seen.life.phase == .leaving { inputs.append(.released) }
    return inputs[generator.int(0...inputs.count - 1)]
  }

  @Test(arguments: [false, true])
  func everyNodeEndsInOrder(isRoot: Bool) {
    var generator = SeededGenerator.announced("everyNodeEndsInOrder(\(isRoot))")
    var seen = Observed(isRoot: isRoot)
    var ends = 0
    for _ in 0..<15_000 {
      var wrong = seen.feed(any(&generator, seen))
      if !seen.ends() { wrong.append("the node does not end when it may") }
      if !seen.stopEndsIt() { wrong.append("a stop does not end it") }
      guard wrong.isEmpty else {
        Issue.record("\(wrong) after \(seen.inputs)")
        return
      }
      guard seen.life.isFinished, generator.int(0...2) == 0 else { continue }
      ends += 1
      seen = Observed(isRoot: isRoot)
    }
    #expect(ends > 300)
  }
}
