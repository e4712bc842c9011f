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
        child.failures = FailureStreak()
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
      return giveUp(child, account, restartsInWords(of: child.name, at: now), at: now)
    }
    var failures = child.failures
    let healthyAfter = rule.backoff?.healthyAfter ?? .zero
    if verdict == .fruitful || child.startedAt.map({ now - $0 >= healthyAfter }) ?? false {
      failures = FailureStreak()
    }
    let delay =
      verdict == .fruitful
      ? .zero
      : failures.fail(
        at: now, rule.backoff, most: rule.mostFailures, chance: random.fraction())
    guard let delay else { return giveUp(child, account, failures.inWords(at: now), at: now) }
    restart(child, failures, after: delay, account, at: now)
  }

  private mutating func restart(
    _ child: Child, _ failures: FailureStreak, after delay: Duration, _ account: String,
    at now: Duration
  ) {
    let affected = affected(by: child)
    change(child.name) { child in
      child.failures = failures
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
          child.isDropped = rule.restart == .temporary
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

  private func restartsInWords(of name: String, at now: Duration) -> String {
    let time = restarts.first.map { now - $0.time } ?? .zero
    return restarts.allSatisfy { $0.name == name }
      ? FailureStreak.words(restarts.count, in: time)
      : ", the last of \(restarts.count) ends in \(time.inShort)"
  }

  private mutating func giveUp(
    _ child: Child, _ account: String, _ times: String, at now: Duration
  ) {
    change(child.name) { $0.phase = .failed }
    let chain = "\(account)\(times); \(name) gave up"
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
