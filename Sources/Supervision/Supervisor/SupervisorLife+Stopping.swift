internal import ProcessTreeBase

extension SupervisorLife {
  /// The stop of a child is over.
  mutating func stopEnded(_ name: String, at now: Duration) {
    guard let child = children[name] else { return }
    change(name) { child in
      child.phase = .stopped
      child.isStopIssued = false
      child.drainsUntil = nil
      child.holdsStrategy = false
    }
    if child.isLeaving {
      forget(name)
    } else if ending == nil {
      switch child.afterStop {
      case .stay: break
      case .request: wait(name)
      case .strategy: wait(name, until: child.nextStart ?? now, at: now)
      }
    }
    if child.holdsStrategy {
      strategyStops -= 1
      if strategyStops == 0 { releaseBatch() }
    }
    guard let group = groups[child.group], group.stopping == 0 else { return }
    for dependency in group.dependencies {
      issueStops(of: (groups[dependency.group]?.members ?? []).reversed(), at: now)
    }
  }

  private mutating func releaseBatch() {
    for child in childrenInOrder where child.isInBatch && child.phase == .waiting {
      enqueue(child.name)
    }
  }

  /// Stops those of the children for whom it is time: nobody who depends on them is being stopped.
  mutating func issueStops(of names: [String], at now: Duration) {
    for name in names {
      guard let child = children[name], child.phase == .stopping, !child.isStopIssued,
        let group = groups[child.group],
        group.dependents.allSatisfy({ groups[$0]?.stopping ?? 0 == 0 })
      else { continue }
      children[name]?.isStopIssued = true
      actions.append(.stop(name, policy(for: child, of: group, at: now)))
    }
  }

  /// How a child is stopped: by its own policy, or by its share of the time until the deadline.
  private func policy(for child: Child, of group: Group, at now: Duration) -> StopPolicy {
    var own = group.rule.stopPolicy
    // A deadline for all is a later request, which only makes it sooner.
    if deadline == nil, let end = child.drainsUntil { own.drain = max(.zero, end - now) }
    guard let deadline else { return own }
    let left = deadline - now
    guard left > .zero else { return .kill }
    guard let chain = chains[group.rule.name], chain > .zero else { return own }
    let share = min(own.total, timeToDeadline) * min(1, left / chain)
    return own.total > share ? own.shortened(by: share / own.total) : own
  }

  /// Begins the end of the supervisor, or makes it sooner.
  ///
  /// - Parameter endsDrains: Whether children that are being stopped drain no longer.
  mutating func end(
    _ reason: Ending, within time: Duration?, at now: Duration, endsDrains: Bool = true
  ) {
    if ending == nil {
      ending = reason
      var live: [String] = []
      for child in childrenInOrder {
        switch child.phase {
        case .starting, .started, .up:
          change(child.name) { $0.phase = .stopping }
          live.append(child.name)
        case .backoff:
          actions.append(.disarm(child.name))
          change(child.name) { $0.phase = .stopped }
        case .waiting, .skipped: change(child.name) { $0.phase = .stopped }
        case .stopping: if endsDrains, endDrain(child.name) { live.append(child.name) }
        case .stopped, .succeeded, .failed: break
        }
      }
      if time == nil { issueStops(of: live.reversed(), at: now) }
    }
    guard let time, liveCount > 0 else { return }
    let sooner = now.saturatingAdding(max(.zero, time))
    guard deadline.map({ sooner < $0 }) ?? true else { return }
    deadline = sooner
    timeToDeadline = max(.zero, time)
    chains = longestChains(within: max(.zero, time))
    actions.append(.armDeadline(at: sooner))
    let stopping = childrenInOrder.filter { $0.phase == .stopping }.map(\.name)
    for name in stopping { children[name]?.isStopIssued = false }
    issueStops(of: stopping.reversed(), at: now)
  }

  /// Begins the end of the supervisor with the time to finish what its children have begun.
  mutating func drainAll(within time: Duration, at now: Duration) {
    guard ending == nil else { return }
    let end = now.saturatingAdding(max(.zero, time))
    for child in children.values where child.phase.isLive {
      children[child.name]?.drainsUntil = max(end, child.drainsUntil ?? end)
    }
    self.end(.stopped, within: nil, at: now, endsDrains: false)
  }

  /// Lets a child that is being stopped drain no longer; whether it did.
  mutating func endDrain(_ name: String) -> Bool {
    guard let child = children[name], child.phase == .stopping, child.drainsUntil != nil else {
      return false
    }
    children[name]?.drainsUntil = nil
    children[name]?.isStopIssued = false
    return true
  }

  mutating func deadlinePassed(at now: Duration) {
    guard ending != nil, let deadline else { return }
    guard now >= deadline else { return actions.append(.armDeadline(at: deadline)) }
    for child in childrenInOrder.reversed() where child.phase == .stopping {
      children[child.name]?.isStopIssued = true
      actions.append(.stop(child.name, .kill))
    }
  }

  /// How long the stop of each group takes at most, with those that are stopped after it; a child
  /// that may take any time counts with all the time that there is.
  private func longestChains(within time: Duration) -> [String: Duration] {
    var longest: [String: Duration] = [:]
    for name in groupsInOrderOfDependencies.names {
      guard let group = groups[name] else { continue }
      let after = group.dependencies.compactMap { longest[$0.group] }.max() ?? .zero
      let own = group.stopping > 0 ? min(group.rule.stopPolicy.total, time) : .zero
      longest[name] = after.saturatingAdding(own)
    }
    return longest
  }
}

extension StopPolicy {
  /// The policy with a part of its time; one that never ends has that much of a century.
  fileprivate func shortened(by part: Double) -> Self {
    Self(
      drain: drain.clamped * part, ask: ask.clamped * part, terminate: terminate.clamped * part)
  }
}
