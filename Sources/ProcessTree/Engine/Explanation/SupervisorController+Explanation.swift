internal import ProcessTreeBase
internal import ProcessTreeSupervision

extension SupervisedPhase {
  /// Whether a child in it has ended, and starts no more by itself.
  var isEnd: Bool { [.stopped, .succeeded, .failed, .skipped].contains(self) }
}

/// What a supervisor knows of a child, with or without a process.
extension SupervisorController {
  /// The children for which a caller waits, with the phase that each has.
  func subjects(_ name: String?, awaiting kind: NodeWait.Kind) -> [String] {
    let children =
      name.map { (life.names(for: $0) ?? []).compactMap(life.child) } ?? life.childrenInOrder
    return children.filter { kind == .end ? $0.phase.isLive : !$0.phase.isSettled }
      .map { "\($0.name) (\($0.phase.rawValue))" }
  }

  /// What the children that a name stands for wait for, of which a caller expects that they are up,
  /// or have ended.
  func delays(_ name: String?, ofEnd isOfEnd: Bool = false) -> String {
    let children =
      name.map { (life.names(for: $0) ?? []).compactMap(life.child) } ?? life.childrenInOrder
    let late = children.filter { isOfEnd ? !$0.phase.isEnd : !$0.phase.isSettled }
    let accounts = late.prefix(NodeWait.mostSubjects).map { child in
      let wait = explanation(of: child.name)?.waits.first.map { " and \($0)" } ?? ""
      return "\(child.name) is \(child.phase.rawValue)\(wait)"
    }
    let more = late.count > accounts.count ? " and \(late.count - accounts.count) more" : ""
    return accounts.isEmpty ? "nobody is late now" : accounts.joined(separator: "; ") + more
  }

  /// How the child of this name stands; nil if it is none.
  func explanation(of name: String) -> NodeExplanation? {
    guard let child = life.child(name) else { return nil }
    let address = node.identity.address.child(name)
    var explanation = NodeExplanation(
      address: address, name: name, incarnation: child.incarnation, phase: child.phase)
    explanation.lastEnd = child.lastEnd
    explanation.restarts = child.restarts
    let elapsed = timeInPhase(of: name)
    switch child.phase {
    case .waiting, .skipped:
      let unmet = life.unmetDependencies(of: name)
      if unmet.isEmpty, let limit = life.limitInForce {
        explanation.waits = [
          NodeWait(.slot, elapsed: elapsed, detail: "\(limit) of its group may be alive at a time")
        ]
      } else {
        let kind: NodeWait.Kind = unmet.isEmpty ? .turn : .dependency
        explanation.waits = [NodeWait(kind, for: unmet, elapsed: elapsed)]
      }
    case .backoff:
      explanation.waits = [
        NodeWait(
          .backoff, elapsed: elapsed, remaining: child.nextStart.map { max(.zero, $0 - now) },
          detail: "life \(child.incarnation + 1) follows")
      ]
    case .started: explanation.waits = [NodeWait(.up, elapsed: elapsed)]
    case .starting, .up, .stopping, .stopped, .succeeded, .failed: break
    }
    return explanation
  }
}
