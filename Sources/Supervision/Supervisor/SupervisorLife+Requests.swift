internal import ProcessTreeBase

extension SupervisorLife {
  /// Something that is asked of a running supervisor.
  package enum Request: Equatable, Sendable {
    case add(ChildRule)
    case start(String)
    case stop(String)
    /// Stop a child that may finish its work within this time first.
    case drain(String, within: Duration)
    case restart(String)
    /// Restart a child, and after it all that depend on it, but for those that somebody has had
    /// stopped.
    case restartWithDependents(String)
    case scale(String, to: Int)
    /// Forget a child, or a template, that does not run.
    case remove(String)
  }

  /// Does what is asked, or throws why not.
  ///
  /// A request never counts as a restart, never triggers the strategy, and resets backoff.
  package mutating func handle(
    _ request: Request, at now: Duration
  ) throws(SupervisorRefusal) -> [Action] {
    changed = []
    guard ending == nil else { throw SupervisorRefusal(.ending, "\(name) is ending.") }
    switch request {
    case .add(let rule):
      try insert(rule, among: [])
      for child in names(for: rule.name) ?? [] { start(child) }
    case .start(let name): for child in try find(name) { start(child) }
    case .stop(let name): stop(try find(name), then: .stay, at: now)
    case .drain(let name, let time):
      stop(try find(name), then: .stay, draining: time, at: now)
    case .restart(let name):
      let names = try find(name)
      let running = names.filter { [.started, .up].contains(children[$0]?.phase) }
      for child in names where !running.contains(child) { start(child) }
      stop(running, then: .request, at: now)
    case .restartWithDependents(let name):
      let names = try find(name)
      let dependents = dependents(of: name)
      let running = (names + dependents).filter {
        [.starting, .started, .up].contains(children[$0]?.phase)
      }
      // Those that are on their way wait anew, so that they see the dependency go.
      stop(running, then: .request, at: now)
      let awaiting = dependents.filter { children[$0]?.phase != .stopping }
      for child in names + awaiting where !running.contains(child) { start(child) }
    case .scale(let name, let count): try scale(name, to: count, at: now)
    case .remove(let name): try remove(name)
    }
    return settled(at: now)
  }

  private func find(_ name: String) throws(SupervisorRefusal) -> [String] {
    guard let names = names(for: name) else {
      let known = order.prefix(8).joined(separator: ", ") + (order.count > 8 ? ", …" : "")
      throw SupervisorRefusal(
        .noSuchChild,
        "\(self.name) has no child \"\(name)\"; it has \(known.isEmpty ? "none" : known).")
    }
    return names
  }

  /// The children that depend on a child or template, directly or by way of others, in the order of
  /// start; without those that somebody has had stopped.
  package func dependents(of name: String) -> [String] {
    guard let first = children[name]?.group ?? groups[name]?.rule.name else { return [] }
    var found: Set<String> = []
    var next = [first]
    while let group = next.popLast() {
      // A strategy may have further ones, whose stops alone it orders.
      for dependent in groups[group]?.dependents ?? []
      where groups[dependent]?.rule.dependsOn[group] != nil && found.insert(dependent).inserted {
        next.append(dependent)
      }
    }
    return order.filter(found.contains).flatMap { groups[$0]?.members ?? [] }
      .filter { child in
        guard let known = children[child] else { return false }
        return known.phase != .stopped
          && !(known.phase == .stopping && (known.isLeaving || known.afterStop == .stay))
      }
  }

  /// Lets a child have a life; one that is on its way to one is left alone.
  private mutating func start(_ name: String) {
    guard let child = children[name] else { return }
    children[name]?.failures = FailureStreak()
    switch child.phase {
    case .backoff:
      actions.append(.disarm(name))
      wait(name)
    case .stopped, .succeeded, .failed: wait(name)
    case .stopping where child.afterStop == .stay: change(name) { $0.afterStop = .request }
    case .waiting, .skipped, .starting, .started, .up, .stopping: break
    }
  }

  /// Ends the present lives of children, which may finish their work first if there is time to
  /// drain.
  private mutating func stop(
    _ names: [String], then next: AfterStop, draining time: Duration? = nil, at now: Duration
  ) {
    var marked: [String] = []
    for name in names {
      guard let child = children[name] else { continue }
      children[name]?.failures = FailureStreak()
      switch child.phase {
      case .starting, .started, .up:
        change(name) { child in
          child.phase = .stopping
          child.afterStop = next
          child.drainsUntil = time.map { now.saturatingAdding(max(.zero, $0)) }
        }
        marked.append(name)
      case .stopping:
        if child.afterStop == .strategy { children[name]?.afterStop = next }
        if time == nil, endDrain(name) { marked.append(name) }
      case .backoff:
        actions.append(.disarm(name))
        change(name) { $0.phase = .stopped }
      case .waiting, .skipped: change(name) { $0.phase = .stopped }
      case .stopped, .succeeded, .failed: break
      }
    }
    issueStops(of: marked.reversed(), at: now)
  }

  private mutating func scale(
    _ name: String, to count: Int, at now: Duration
  ) throws(SupervisorRefusal) {
    _ = try find(name)
    guard let group = groups[name], group.rule.instances != nil, count >= 0 else {
      throw SupervisorRefusal(
        .invalidSpecification,
        count < 0
          ? "\"\(name)\" cannot have \(count) instances."
          : "\"\(name)\" has no number of instances that could change.")
    }
    for instance in 0..<count {
      let child = "\(name)-\(instance + 1)"
      if children[child]?.group != name { try refuseTaken(child) }
    }
    groups[name]?.rule.instances = count
    for instance in 0..<count {
      let child = "\(name)-\(instance + 1)"
      guard let known = children[child] else {
        makeChild(child, of: name, instance: instance + 1)
        start(child)
        continue
      }
      guard known.isLeaving else { continue }
      change(child) { child in
        child.isLeaving = false
        child.afterStop = .request
      }
    }
    let surplus = group.members.filter { children[$0].map { $0.instance > count } ?? false }
    stop(surplus, then: .stay, at: now)
    for child in surplus {
      change(child) { child in
        child.isLeaving = true
        child.afterStop = .stay
      }
      if children[child]?.phase.isLive == false { forget(child) }
    }
  }

  private mutating func remove(_ name: String) throws(SupervisorRefusal) {
    _ = try find(name)
    guard let group = groups[name] else {
      throw SupervisorRefusal(
        .invalidSpecification, "\"\(name)\" is an instance: scale its template instead.")
    }
    let needed = group.dependents.first { groups[$0]?.rule.dependsOn[name] != nil }
    // Surplus instances that are being stopped belong to it: others may wait for their ends.
    guard needed == nil, group.members.allSatisfy({ children[$0]?.phase.isLive == false }) else {
      throw SupervisorRefusal(
        .invalidSpecification,
        needed.map { "\"\(name)\" cannot be removed: \"\($0)\" depends on it." }
          ?? "\"\(name)\" cannot be removed: it runs; stop it first.")
    }
    for child in group.members {
      if children[child]?.phase == .backoff { actions.append(.disarm(child)) }
      forget(child)
    }
    unlink(group)
  }
}
