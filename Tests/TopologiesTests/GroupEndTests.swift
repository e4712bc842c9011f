import ProcessTree
import ProcessTreeRandomTesting
import Testing

@testable import ProcessTreeTopologies
@testable import ProcessTreeTopologyFormat

/// When a group has ended, and how.
struct GroupEndTests {
  private func group(
    _ endsWith: GroupPlan.End = .all, goesOn: Bool = false, mayFail: Set<String> = [],
    _ names: [String] = ["a", "b"]
  ) -> GroupPlan {
    var group = GroupPlan()
    group.endsWith = endsWith
    group.goesOnAfterFailure = goesOn
    group.nodes = names.map { name in
      let command = CommandPlan(words: [Scalar("true")], directory: Scalar("/"))
      var node = NodePlan(name: name, address: name, origin: "t:1", kind: .command(command))
      node.mayFail = mayFail.contains(name)
      return node
    }
    return group
  }

  private func child(
    _ name: String, _ phase: SupervisedPhase, _ cause: ExitCause? = nil
  ) -> SupervisedChild {
    SupervisedChild(
      name: name, phase: phase, lastEnd: "\(name) ended",
      lastExit: cause.map { ExitReport(node: name, cause: $0) })
  }

  @Test func allHaveToEnd() {
    let end = GroupEnd(group())
    #expect(end.verdict([child("a", .succeeded), child("b", .up)]) == nil)
    #expect(end.verdict([child("a", .succeeded), child("b", .succeeded)]) == .success)
    #expect(end.verdict([child("a", .up), child("b", .failed)]) == .failure("b ended"))
  }

  @Test func whatAStrategyHasDroppedHasFailed() {
    var dropped = child("b", .stopped)
    (dropped.incarnation, dropped.isDropped) = (1, true)
    let verdict = GroupEnd(group()).verdict([child("a", .up), dropped])
    guard case .failure(let account)? = verdict else {
      Issue.record("\(String(describing: verdict))")
      return
    }
    #expect(account.contains("b was stopped with the others"))
    #expect(GroupEnd(group(mayFail: ["b"])).verdict([child("a", .succeeded), dropped]) == .success)
  }

  @Test func aFailureMayBeNone() {
    let end = GroupEnd(group(mayFail: ["b"]))
    #expect(end.verdict([child("a", .up), child("b", .failed)]) == nil)
    #expect(end.verdict([child("a", .succeeded), child("b", .failed)]) == .success)
    #expect(end.verdict([child("a", .succeeded), child("b", .skipped)]) == .success)
  }

  @Test func aGroupThatGoesOnFailsAtItsEnd() {
    let end = GroupEnd(group(goesOn: true))
    #expect(end.verdict([child("a", .failed), child("b", .up)]) == nil)
    #expect(end.verdict([child("a", .failed), child("b", .succeeded)]) == .failure("a ended"))
  }

  @Test func aNodeThatStartsByHandKeepsNobodyWaiting() {
    var group = group()
    group.nodes[1].isManual = true
    let end = GroupEnd(group)
    #expect(end.verdict([child("a", .up), child("b", .stopped)]) == nil)
    #expect(end.verdict([child("a", .succeeded), child("b", .stopped)]) == .success)
    #expect(end.verdict([child("a", .succeeded), child("b", .up)]) == nil)
    #expect(end.verdict([child("a", .up), child("b", .failed)]) == .failure("b ended"))
    // Also one that was started, and stopped again.
    var stopped = child("b", .stopped)
    stopped.incarnation = 1
    #expect(end.verdict([child("a", .succeeded), stopped]) == .success)
    // One that starts by itself and was stopped by hand may be started again.
    #expect(end.verdict([child("a", .stopped), child("b", .succeeded)]) == nil)
  }

  @Test func aNodeWithoutInstancesMayGetSome() {
    var group = group()
    group.nodes[1].instances = 2
    let end = GroupEnd(group)
    #expect(end.verdict([child("a", .succeeded)]) == nil)
    #expect(end.verdict([child("a", .succeeded), child("b-1", .succeeded)]) == .success)
    group.nodes[1].instances = 0
    #expect(GroupEnd(group).verdict([child("a", .succeeded)]) == .success)
  }

  private static let codes: [(ExitCause, Int32)] = [
    (.exited(code: 3), 3), (.killed(signal: 9), 137), (.crashed(signal: 11), 139),
    (.failed(type: "E", text: "x"), 1), (.outOfMemory, 1),
  ]

  @Test(arguments: codes) func theEndOfOneGivesTheCode(cause: ExitCause, code: Int32) {
    let end = GroupEnd(group(.with(["a"])))
    #expect(end.verdict([child("a", .failed, cause), child("b", .up)]) == .code(code, "a ended"))
  }

  @Test func aStoppedNodeKeepsTheGroup() {
    for rule in [GroupPlan.End.all, .any, .with(["a"])] {
      let end = GroupEnd(group(rule))
      #expect(end.verdict([child("a", .stopped), child("b", .stopped)]) == nil)
    }
  }

  @Test func instancesBelongToTheirNode() {
    let end = GroupEnd(group(.with(["a"])))
    #expect(end.verdict([child("a-7", .succeeded), child("b", .up)]) == .code(0, "a-7 ended"))
  }

  /// The changes, one child at a time, lead to the verdict of a look at all children.
  @Test func changesLeadToTheSameVerdict() {
    var random = SeededGenerator.announced("changesLeadToTheSameVerdict")
    let phases = SupervisedPhase.allCases
    for _ in 0..<iterations(2_000) {
      let names = (0..<random.int(1...5)).map { "n\($0)" }
      var group = group(
        [.all, .any, .with([names[0]])][random.int(0...2)], goesOn: random.bool(),
        mayFail: Set(names.filter { _ in random.bool() }), names)
      for index in names.indices where random.int(0...4) == 0 {
        group.nodes[index].isManual = random.bool()
        group.nodes[index].instances = 1
      }
      let end = GroupEnd(group)
      var children = group.nodes.map { node in
        child(node.instances == nil ? node.name : node.name + "-1", .waiting)
      }
      var changed = children
      for _ in 0..<30 {
        let verdict = end.verdict(children)
        #expect(end.verdict(SupervisedChanges(children, changed: changed)) == verdict)
        guard verdict == nil, !children.isEmpty else { break }
        let index = random.int(0...(children.count - 1))
        if random.int(0...9) == 0, children[index].name.contains("-") {
          // Somebody scales it to nothing.
          children.remove(at: index)
          changed = []
        } else {
          // Most steps end nobody, so that histories are long.
          let phase = phases[random.int(0...(phases.count - 1))]
          children[index].phase = phase.isSettled && random.int(0...3) > 0 ? .up : phase
          changed = [children[index]]
        }
      }
    }
  }

  /// A verdict is there once all have ended, and only after an end.
  @Test func everyGroupEnds() {
    var random = SeededGenerator.announced("everyGroupEnds")
    let phases = SupervisedPhase.allCases
    for _ in 0..<iterations(5_000) {
      let names = (0..<random.int(1...4)).map { "n\($0)" }
      let rule: GroupPlan.End = [.all, .any, .with([names[0]])][random.int(0...2)]
      let mayFail = Set(names.filter { _ in random.bool() })
      let end = GroupEnd(group(rule, goesOn: random.bool(), mayFail: mayFail, names))
      let children = names.map { child($0, phases[random.int(0...(phases.count - 1))]) }
      let ended = children.filter { [.succeeded, .failed, .skipped].contains($0.phase) }
      let verdict = end.verdict(children)
      if ended.isEmpty { #expect(verdict == nil) }
      if ended.count == children.count { #expect(verdict != nil) }
      if case .failure? = verdict {
        #expect(ended.contains { $0.phase != .succeeded && !mayFail.contains($0.name) })
      }
    }
  }
}

extension GroupEnd {
  /// The view of somebody who sees the children for the first time.
  fileprivate func verdict(_ children: [SupervisedChild]) -> GroupVerdict? {
    verdict(SupervisedChanges(children))
  }
}
