internal import ProcessTree
internal import ProcessTreeTopologyFormat

/// How a group ended.
enum GroupVerdict: Hashable, Sendable {
  case success
  /// With the exit code of a node, of whose end this is the account.
  case code(Int32, String)
  /// Because of this.
  case failure(String)
}

/// Decides when a group has ended, and how.
///
/// A value without effects: it looks at the children as their supervisor has them.
struct GroupEnd: Sendable {
  private let endsWith: GroupPlan.End
  private let goesOnAfterFailure: Bool
  private let plans: [String: NodePlan]

  init(_ group: GroupPlan) {
    endsWith = group.endsWith
    goesOnAfterFailure = group.goesOnAfterFailure
    plans = Dictionary(group.nodes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The verdict; nil for as long as the group goes on.
  ///
  /// Children that have not changed gave no verdict before, so only those that have are looked at
  /// until none is left that runs.
  func verdict(_ changes: SupervisedChanges) -> GroupVerdict? {
    for child in changes.changed {
      guard child.hasEnded, let plan = plan(of: child) else { continue }
      if ends(plan) { return .code(code(of: child), account(of: child)) }
      if plan.writesOutput, child.lastExit?.cause == .exited(code: ReaderGone.exitCode) {
        return .code(ReaderGone.exitCode, "nobody reads the output of \(child.name) any more")
      }
      if !isSuccess(child), !plan.mayFail, !goesOnAfterFailure {
        return .failure(account(of: child))
      }
      if endsWith == .any {
        return isSuccess(child) || plan.mayFail ? .success : .failure(account(of: child))
      }
    }
    guard changes.areSettled, !changes.isAnyUp else { return nil }
    let children = changes.all
    guard children.allSatisfy({ $0.hasEnded || rests($0) }), !isScaledAway(children) else {
      return nil
    }
    let failed = children.first {
      !rests($0) && !isSuccess($0) && plan(of: $0)?.mayFail == false
    }
    return failed.map { .failure(account(of: $0)) } ?? .success
  }

  /// Whether somebody has taken all instances of a node away, and may bring them back.
  private func isScaledAway(_ children: [SupervisedChild]) -> Bool {
    let present = Set(children.compactMap { plan(of: $0)?.name })
    return plans.values.contains { plan in
      plan.instances.map { $0 > 0 } == true && !plan.isManual && !present.contains(plan.name)
    }
  }

  private func plan(of child: SupervisedChild) -> NodePlan? {
    if let plan = plans[child.name] { return plan }
    guard let dash = child.name.lastIndex(of: "-") else { return nil }
    return plans[String(child.name[..<dash])]
  }

  private func ends(_ plan: NodePlan) -> Bool {
    if case .with(let names) = endsWith { names.contains(plan.name) } else { false }
  }

  /// Whether a child that starts by request only does not run: nobody waits for it.
  private func rests(_ child: SupervisedChild) -> Bool {
    child.phase == .stopped && plan(of: child)?.isManual == true
  }

  private func isSuccess(_ child: SupervisedChild) -> Bool { child.phase == .succeeded }

  private func account(of child: SupervisedChild) -> String {
    if child.phase == .skipped {
      return "\(child.name) could not start, because what it depends on has failed"
    }
    if child.isDropped {
      return "\(child.name) was stopped with the others, and is not started again (restart: never)"
    }
    return child.lastEnd ?? "\(child.name) failed"
  }

  private func code(of child: SupervisedChild) -> Int32 {
    guard !isSuccess(child) else { return 0 }
    switch child.lastExit?.cause {
    case .exited(let code): return code == 0 ? 1 : code
    case .killed(let signal), .crashed(let signal), .limitExceeded(let signal):
      return 128 + signal
    default: return 1
    }
  }
}

extension NodePlan {
  /// Whether it writes to the standard output of the run by itself, which a command does not.
  var writesOutput: Bool {
    switch kind {
    case .pipeline(let plan): plan.sink == .standardOutput
    case .group(let group): group.nodes.contains(where: \.writesOutput)
    case .command, .program: false
    }
  }
}
