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
    #expect(end.isUp([child("a", .up), child("b", .stopped)]))
    #expect(!end.isUp([child("a", .starting), child("b", .stopped)]))
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
