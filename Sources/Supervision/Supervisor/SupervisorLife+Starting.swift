extension SupervisorLife {
  mutating func begin() {
    guard !hasBegun, ending == nil else { return }
    hasBegun = true
    unsettled = order
    for name in order.flatMap({ groups[$0]?.members ?? [] }) { enqueue(name) }
  }

  mutating func started(_ name: String, _ incarnation: Int, at now: Duration) {
    guard let child = children[name], child.incarnation == incarnation, child.phase.isLive
    else { return }
    let isUp = groups[child.group]?.rule.isUpWhenStarted == true
    change(name) { child in
      child.startedAt = now
      if child.phase == .starting { child.phase = isUp ? .up : .started }
    }
  }

  mutating func up(_ name: String, _ incarnation: Int) {
    guard let child = children[name], child.incarnation == incarnation, child.phase == .started
    else { return }
    change(name) { $0.phase = .up }
  }

  mutating func down(_ name: String, _ incarnation: Int) {
    guard let child = children[name], child.incarnation == incarnation, child.phase == .up
    else { return }
    change(name) { $0.phase = .started }
  }

  mutating func timerPassed(_ name: String, at now: Duration) {
    guard let child = children[name], child.phase == .backoff, let next = child.nextStart
    else { return }
    guard next <= now else { return actions.append(.arm(name, at: next)) }
    wait(name)
  }

  /// Lets a child that has no process wait for its turn to start.
  mutating func wait(_ name: String) {
    change(name) { child in
      child.phase = .waiting
      child.nextStart = nil
    }
    if let group = children[name]?.group, groups[group]?.gate == .hopeless { skip(name) }
    enqueue(name)
  }

  /// Lets a child wait until its next start, which may be now.
  mutating func wait(_ name: String, until next: Duration, at now: Duration) {
    guard next > now else { return wait(name) }
    change(name) { child in
      child.phase = .backoff
      child.nextStart = next
    }
    actions.append(.arm(name, at: next))
  }

  private mutating func skip(_ name: String) {
    change(name) { $0.phase = .skipped }
    if let group = children[name]?.group, groups[group]?.rule.isSignificant == true {
      significantHasEnded = true
    }
    actions.append(.report(.skipped(name)))
  }

  /// Puts a child into the queue; it leaves that when it may start, or turns out to have to wait.
  mutating func enqueue(_ name: String) {
    guard hasBegun, ending == nil, children[name]?.isQueued == false else { return }
    children[name]?.isQueued = true
    queue.append(name)
  }

  /// Lets the groups follow whose dependencies have changed.
  mutating func settleGroups() {
    // In waves: a child that is skipped changes those that depend on it.
    while !unsettled.isEmpty {
      let wave = unsettled
      unsettled = []
      for name in wave { settle(name) }
    }
  }

  private mutating func settle(_ name: String) {
    guard let group = groups[name] else { return }
    let gate = gate(of: group)
    guard gate != group.gate else { return }
    groups[name]?.gate = gate
    guard hasBegun, ending == nil else { return }
    for member in group.members {
      switch children[member]?.phase {
      case .waiting: gate == .hopeless ? skip(member) : enqueue(member)
      case .skipped: if gate != .hopeless { wait(member) }
      default: break
      }
    }
  }

  private func gate(of group: Group) -> Gate {
    var gate = Gate.open
    for dependency in group.dependencies {
      switch groups[dependency.group]?.gate(for: dependency.condition) {
      case .closed: gate = .closed
      case .hopeless: return .hopeless
      case .open, nil: break
      }
    }
    return gate
  }

  /// Starts children from the queue, as many at a time as is good for them.
  mutating func startWhatMayStart() {
    while queueHead < queue.count, count(.starting) < mostStarting, liveCount < limit {
      let name = queue[queueHead]
      queueHead += 1
      guard let child = children[name], child.isQueued else { continue }
      children[name]?.isQueued = false
      guard ending == nil, child.phase == .waiting, groups[child.group]?.gate == .open,
        !(child.isInBatch && strategyStops > 0)
      else { continue }
      change(name) { child in
        child.phase = .starting
        child.incarnation += 1
        child.startedAt = nil
        child.isInBatch = false
        child.isDropped = false
        child.afterStop = .stay
      }
      // What another one waits for may not hold any more: a dependency that starts is not up.
      settleGroups()
      actions.append(.start(name, incarnation: child.incarnation + 1))
    }
    if queueHead > 64, queueHead * 2 > queue.count {
      queue.removeFirst(queueHead)
      queueHead = 0
    }
  }
}
