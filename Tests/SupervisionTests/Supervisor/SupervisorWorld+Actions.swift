import ProcessTreeSupervision

/// The actions of a supervisor, each of which the observer checks and carries out.
extension SupervisorWorld {
  mutating func apply(_ actions: [SupervisorLife.Action]) {
    for action in actions {
      switch action {
      case .start(let name, let incarnation): start(name, incarnation)
      case .stop(let name, let policy): stop(name, policy)
      case .arm(let name, let time):
        check(time > now, "a timer in the past")
        timers[name] = time
      case .disarm(let name): timers[name] = nil
      case .armDeadline(let time): check(time == deadline, "\(time) is not the deadline")
      case .report(.skipped(let name)): check(processes[name] == nil, "a live child is skipped")
      case .report: break
      case .over(let ending):
        check(!isOver, "the end comes twice")
        check(processes.isEmpty, "processes are left: \(processes.keys)")
        if ending == .shutDown { check(plan.automaticShutdown != .never, "a shutdown") }
        isOver = true
      }
    }
    if case .shutDown = life.ending { isEnding = true }
    if isEnding { mayStop.formUnion(processes.keys) }
    for child in life.changed.compactMap(life.child) {
      check(child.phase.isLive == (processes[child.name] != nil), "is wrong about", child.name)
      check(!isEnding || child.phase != .backoff, "is in backoff at the end", child.name)
    }
    check(!isEnding || isOver == processes.isEmpty, "the end comes with the last child")
  }

  private mutating func start(_ name: String, _ incarnation: Int) {
    starts += 1
    check(!isEnding, "starts at the end", name)
    check(processes[name] == nil, "has two lives at a time", name)
    check(incarnation == (lives[name] ?? 0) + 1, "incarnation \(incarnation) of \(name)")
    check(timers[name].map { $0 <= now } ?? true, "starts before its time", name)
    check(!batch.contains(name) || batchToEnd.isEmpty, "does not wait for its batch", name)
    for (other, condition) in rule(of: name)?.dependsOn ?? [:] {
      check(holds(condition, for: other), "\(name) starts although \(other) has not \(condition)")
    }
    batch.remove(name)
    mayStop.remove(name)
    followed.remove(name)
    timers[name] = nil
    ends[name] = nil
    lives[name] = incarnation
    processes[name] = Process(incarnation: incarnation)
    // One that is about to be stopped gives its turn up, even if its stop waits for its dependents.
    let starting = processes.count { child, process in
      !process.hasStarted && !process.isStopped && !mayStop.contains(child)
    }
    check(starting <= max(1, plan.mostStarting), "too many start")
  }

  private mutating func stop(_ name: String, _ policy: StopPolicy) {
    check(processes[name] != nil, "\(name), which has no process, is stopped")
    if case .shutDown = life.ending { isEnding = true }
    check(mayStop.contains(name) || isEnding, "is stopped without a reason", name)
    processes[name]?.isStopped = true
    if let deadline {
      check(
        policy.total <= max(.zero, deadline - now) + .microseconds(1) || policy == .kill,
        "\(name) has \(policy.total) until \(deadline) at \(now)")
      if now >= deadline { return }
    }
    for dependent in order where rules[dependent]?.dependsOn[rule(of: name)?.name ?? ""] != nil {
      for child in members(of: dependent) where processes[child] != nil {
        check(!isEnding && !batch.contains(child), "\(name) is stopped before \(child)")
      }
    }
  }

  func holds(_ condition: DependencyCondition, for rule: String) -> Bool {
    members(of: rule).allSatisfy { child in
      if let process = processes[child] {
        return condition == .started ? process.hasStarted : condition == .up && process.isUp
      }
      return switch ends[child] {
      case .normal: true
      case .failed(let hasRun): condition == .ended || (condition == .started && hasRun)
      case .asked: condition == .ended
      case nil: false
      }
    }
  }
}
