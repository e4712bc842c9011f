internal import ProcessTreeBase

extension SupervisorLife {
  mutating func ended(
    _ name: String, _ incarnation: Int, _ verdict: Verdict, _ account: String, at now: Duration
  ) {
    guard let child = children[name], child.incarnation == incarnation, child.phase.isLive
    else { return }
    children[name]?.lastEnd = account
    if child.phase == .stopping { return stopEnded(name, at: now) }
    if verdict == .asked {
      return change(name) { child in
        child.phase = .stopped
        child.failures = 0
      }
    }
    died(child, verdict, account, at: now)
  }

  /// A child has ended by itself.
  private mutating func died(
    _ child: Child, _ verdict: Verdict, _ account: String, at now: Duration
  ) {
    guard let rule = groups[child.group]?.rule else { return }
    let isRestarted =
      switch rule.restart {
      case .permanent: true
      case .transient: verdict != .normal
      case .temporary: false
      }
    guard isRestarted else {
      change(child.name) { $0.phase = verdict == .normal ? .succeeded : .failed }
      significantHasEnded = significantHasEnded || rule.isSignificant
      return
    }
    restarts.append((now, child.name))
    restarts.removeAll { now - $0.time > intensity.period }
    guard restarts.count <= intensity.restarts else {
      change(child.name) { $0.phase = .failed }
      return giveUp(after: account, of: child.name, at: now)
    }
    restart(child, rule.backoff, account, at: now)
  }

  private mutating func restart(
    _ child: Child, _ backoff: RestartBackoff?, _ account: String, at now: Duration
  ) {
    let wasHealthy = child.startedAt.map { now - $0 >= backoff?.healthyAfter ?? .zero } ?? false
    let failures = wasHealthy ? 0 : child.failures
    let delay = backoff?.delay(after: failures, chance: nextChance()) ?? .zero
    let affected = affected(by: child)
    change(child.name) { child in
      child.failures = failures + 1
      child.restarts += 1
      child.isInBatch = true
    }
    actions.append(
      .report(
        .restarting(
          child.name, incarnation: child.incarnation + 1, after: delay, reason: account)))
    wait(child.name, until: now.saturatingAdding(delay), at: now)
    replace(affected, after: now.saturatingAdding(delay), at: now)
  }

  /// The others that the strategy replaces, in the order of start.
  private func affected(by child: Child) -> [String] {
    switch strategy {
    case .oneForOne: return []
    case .oneForAll: return childrenInOrder.map(\.name).filter { $0 != child.name }
    case .restForOne:
      let later = order.drop { $0 != child.group }.flatMap { groups[$0]?.members ?? [] }
      return Array(later.drop { $0 != child.name }.dropFirst())
    }
  }

  /// Stops children and lets them start again: the temporary ones, and those that somebody has had
  /// stopped, do not.
  private mutating func replace(_ names: [String], after next: Duration, at now: Duration) {
    var marked: [String] = []
    for name in names {
      guard let child = children[name], let rule = groups[child.group]?.rule else { continue }
      switch child.phase {
      case .starting, .started, .up:
        change(name) { child in
          child.phase = .stopping
          child.afterStop = rule.restart == .temporary ? .stay : .strategy
          child.holdsStrategy = true
          child.isInBatch = true
          child.nextStart = next
        }
        strategyStops += 1
        marked.append(name)
      case .succeeded where rule.restart == .transient:
        change(name) { $0.isInBatch = true }
        wait(name, until: next, at: now)
      case .waiting, .backoff: change(name) { $0.isInBatch = true }
      case .stopping, .stopped, .succeeded, .failed, .skipped: break
      }
    }
    issueStops(of: marked.reversed(), at: now)
  }

  /// A number from 0 to 1 (SplitMix64).
  private mutating func nextChance() -> Double {
    random &+= 0x9e37_79b9_7f4a_7c15
    var mixed = random
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    mixed ^= mixed >> 31
    return Double(mixed >> 11) / Double(1 << 53)
  }

  private mutating func giveUp(after account: String, of name: String, at now: Duration) {
    let count = restarts.count
    let span = restarts.first.map { now - $0.time } ?? .zero
    let isOne = restarts.allSatisfy { $0.name == name }
    let times =
      count == 1
      ? ""
      : isOne
        ? " \(count) times in \(span.inShort)" : ", the last of \(count) ends in \(span.inShort)"
    let chain = "\(account)\(times); \(self.name) gave up"
    actions.append(.report(.gaveUp(chain)))
    end(.gaveUp(chain), within: nil, at: now)
  }

  /// Ends the supervisor if its significant children have ended as it was made to wait for.
  mutating func shutDownIfDue(at now: Duration) {
    guard significantHasEnded else { return }
    significantHasEnded = false
    switch automaticShutdown {
    case .never: return
    case .allSignificant where significantActive > 0: return
    case .anySignificant, .allSignificant: end(.shutDown, within: nil, at: now)
    }
    settleGroups()
  }
}
