internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// The effects of a supervisor, whose decisions are those of its `SupervisorLife`.
///
/// Belongs to the loop.
final class SupervisorController {
  let node: Node
  private unowned let runtime: NodeRuntime
  private(set) var life: SupervisorLife
  private let startTime: SuspendingClock.Instant
  private var specifications: [String: ChildSpecification] = [:]
  /// The present, or last, life of each child.
  private(set) var children: [String: AnyChild] = [:]
  private var timers: [String: TimerQueue.ID] = [:]
  private var deadline: TimerQueue.ID?
  /// When each child went on to its present phase.
  private var phases: [String: (phase: SupervisedPhase, since: Duration)] = [:]
  /// Why children are being stopped by request, for their reports.
  private var reasons: [String: String] = [:]
  private var stopRequest: StopRequest?
  private var drainsWithNode = false
  private(set) var over: SupervisorLife.Ending?
  private var waits = SupervisorWaits()
  /// The supervisor's number among those of its node.
  private let number: Int

  /// Begins to supervise.
  init(
    of node: Node, in runtime: NodeRuntime, _ specifications: [ChildSpecification],
    _ strategy: SupervisionStrategy, _ intensity: RestartIntensity,
    _ automaticShutdown: AutomaticShutdown, limit: Int?
  ) throws {
    guard runtime.shared.startsChildren else {
      throw ProcessTreeError(
        .nodeEnding, "\(node.name) is ending and starts no more children.")
    }
    self.node = node
    self.runtime = runtime
    startTime = runtime.loop.timers.now
    let rules = try specifications.map { try $0.rule(at: node) }
    do throws(SupervisorRefusal) {
      life = try SupervisorLife(
        node.name, strategy: strategy, intensity: intensity,
        automaticShutdown: automaticShutdown, limit: limit, seed: node.makeSeed(), rules: rules)
    } catch {
      throw ProcessTreeError(error)
    }
    for specification in specifications { self.specifications[specification.name] = specification }
    number = runtime.addresses.takeOwner()
    let names = life.childrenInOrder.map(\.name)
    try runtime.addresses.check(names, for: number)
    for name in names { note(name) }
    runtime.add(self)
    handle(.begin)
  }

  var now: Duration { startTime.duration(to: runtime.loop.timers.now) }

  // MARK: Requests

  func add(_ specification: ChildSpecification) throws {
    let rule = try specification.rule(at: node)
    let name = specification.name
    try runtime.addresses.check(Self.names(name, rule.instances), for: number)
    let known = specifications.updateValue(specification, forKey: name)
    do {
      try request(.add(rule))
    } catch {
      specifications[name] = known
      throw error
    }
  }

  func request(_ request: SupervisorLife.Request, because reason: String? = nil) throws {
    if let ended = refusalOfTheEnded { try ended.get() }
    if case .scale(let name, let count) = request {
      try runtime.addresses.check(Self.names(name, count), for: number)
    }
    do throws(SupervisorRefusal) {
      let actions = try life.handle(request, at: now)
      if case .remove(let name) = request { specifications[name] = nil }
      perform(actions, because: reason)
    } catch {
      throw ProcessTreeError(error)
    }
    handleInputs()
  }

  /// Ends the supervisor, within a time if there is one.
  func stopAll(_ request: StopRequest, within time: Duration?) {
    stopRequest = stopRequest ?? request
    handle(.stopAll(within: time))
  }

  /// The program only waits for this supervisor: when the node drains, the supervisor ends.
  func drainWithNode() {
    drainsWithNode = true
    if let drain = runtime.drain { nodeDrains(drain) }
  }

  func nodeDrains(_ drain: NodeDrain) {
    guard drainsWithNode else { return }
    stopRequest = stopRequest ?? drain.request
    handle(.drainAll(within: drain.timeBelow(at: runtime.loop.timers.now)))
  }

  // MARK: Decisions and their effects

  /// Inputs that came while actions were being performed.
  private var inputs: [SupervisorLife.Input] = []
  private var isPerforming = false
  /// The children that have changed since those who wait looked last; nil in the first look of one
  /// of them.
  private var changed: [String]?

  private func handle(_ input: SupervisorLife.Input) {
    inputs.append(input)
    handleInputs()
  }

  private func handleInputs() {
    while !isPerforming, !inputs.isEmpty { perform(life.handle(inputs.removeFirst(), at: now)) }
  }

  private func perform(_ actions: [SupervisorLife.Action], because reason: String? = nil) {
    let changed = life.changed
    for name in changed { note(name) }
    isPerforming = true
    for action in actions { perform(action, because: reason) }
    isPerforming = false
    for name in changed where life.child(name) == nil { children[name] = nil }
    self.changed = changed
    waits.look(at: changed, in: life, self)
    self.changed = nil
  }

  /// Reports the state of a child to the node's addresses.
  private func note(_ name: String) {
    // The names of a supervisor that has ended are free.
    guard over == nil else { return }
    let child = life.child(name)
    if phases[name]?.phase != child?.phase { phases[name] = child.map { ($0.phase, now) } }
    runtime.addresses.note(
      child, named: name, mailbox: child.flatMap { specifications[$0.group]?.mailbox },
      of: number, pid: children[name]?.pid)
  }

  /// The names of the children that a specification makes.
  private static func names(_ name: String, _ instances: Int?) -> [String] {
    instances.map { count in (0..<max(0, count)).map { "\(name)-\($0 + 1)" } } ?? [name]
  }

  private func perform(_ action: SupervisorLife.Action, because reason: String?) {
    switch action {
    case .start(let name, let incarnation): start(name, incarnation)
    case .stop(let name, let policy): stop(name, policy, because: reason)
    case .arm(let name, let time):
      disarm(name)
      timers[name] = runtime.loop.timers.schedule(after: time - now) { [weak self] in
        self?.timers[name] = nil
        self?.handle(.timerPassed(name))
      }
    case .disarm(let name): disarm(name)
    case .armDeadline(let time):
      if let deadline { runtime.loop.timers.cancel(deadline) }
      deadline = runtime.loop.timers.schedule(after: time - now) { [weak self] in
        self?.handle(.deadlinePassed)
      }
    case .report(let report): emit(report)
    case .over(let ending): end(ending)
    }
  }

  private func disarm(_ name: String) {
    if let timer = timers.removeValue(forKey: name) { runtime.loop.timers.cancel(timer) }
  }

  private func emit(_ report: SupervisorLife.Report) {
    switch report {
    case .restarting(let name, let incarnation, let delay, let reason):
      runtime.emitOwn(
        .restarting(child: name, incarnation: incarnation, after: delay, reason: reason))
    case .skipped(let name): runtime.emitOwn(.skipped(child: name))
    case .gaveUp(let chain): runtime.emitOwn(.gaveUp(reason: chain))
    }
  }

  private func end(_ ending: SupervisorLife.Ending) {
    over = ending
    runtime.addresses.release(number, because: "its supervisor has ended")
    if let deadline { runtime.loop.timers.cancel(deadline) }
    runtime.remove(self)
  }

  // MARK: The children

  /// Begins a life; a failure to do so is its end, a turn later.
  private func start(_ name: String, _ incarnation: Int) {
    reasons[name] = nil
    do {
      guard let group = life.child(name)?.group, let specification = specifications[group] else {
        return
      }
      let child = try node.makeLife(
        incarnation, of: specification.program, name: name, stopPolicy: specification.stopPolicy,
        settings: specification.settings, liveness: specification.liveness,
        host: try runtime.host(among: specification.hosts))
      children[name] = child
      try child.beginOnLoop()
      guard let controller = runtime.controller(of: child) else {
        return later { $0.ended(name, incarnation, child) }
      }
      controller.supervisor = self
      controller.readyWaiters.add(within: nil) { [self] _ in
        if controller.life.wasReady { started(name, incarnation, child) }
      }
      controller.onUp = { [unowned self] isUp in
        handle(
          isUp ? .up(name, incarnation: incarnation) : .down(name, incarnation: incarnation))
      }
      controller.exitWaiters.add(within: nil) { [self] _ in ended(name, incarnation, child) }
    } catch {
      let account = "\(name) could not start: \(error)".limited(to: WireLimits.message)
      later { $0.handle(.ended(name, incarnation: incarnation, .couldNotStart, account: account)) }
    }
  }

  private func later(_ body: @escaping (SupervisorController) -> Void) {
    _ = runtime.loop.timers.schedule(after: .zero) { [self] in body(self) }
  }

  private func started(_ name: String, _ incarnation: Int, _ child: AnyChild) {
    if incarnation > 1 { runtime.emit(.restarted(incarnation: incarnation), about: child) }
    handle(.started(name, incarnation: incarnation))
  }

  private func ended(_ name: String, _ incarnation: Int, _ child: AnyChild) {
    guard let report = child.exitReport else { return }
    let verdict: SupervisorLife.Verdict =
      if report.stopRequest != nil {
        .asked
      } else if case .couldNotStart = report.cause {
        .couldNotStart
      } else {
        report.cause.isSuccess ? .normal : .abnormal
      }
    handle(.ended(name, incarnation: incarnation, verdict, account: report.account(of: name)))
  }

  private func stop(_ name: String, _ policy: StopPolicy, because reason: String?) {
    guard let child = children[name] else { return }
    reasons[name] = reason ?? reasons[name]
    let request =
      runtime.shared.stopRequest ?? stopRequest
      ?? node.identity.stopRequest(
        because: reasons[name] ?? life.ending?.reason ?? "replaced")
    var policy = policy
    // A stop of the node gives nobody below it time to drain.
    if runtime.shared.stopRequest != nil { policy.drain = .zero }
    let own = child.declaration.stopPolicy ?? node.configuration.stopPolicy
    runtime.controller(of: child)?.handle(
      // More time than by its own policy: somebody asked for a drain.
      policy.drain > own.drain
        ? .drain(request, within: policy.drain) : .stop(.drain, request, within: policy))
  }

  /// Kills the children that a name stands for and that are being stopped.
  func killChildren(of name: String) {
    for child in life.names(for: name) ?? [] where life.child(child)?.phase == .stopping {
      let request = node.identity.stopRequest(because: reasons[child] ?? "killed")
      children[child].flatMap(runtime.controller)?.handle(.stop(.kill, request, within: nil))
    }
  }

  // MARK: What callers see

  func timeInPhase(of name: String) -> Duration { phases[name].map { now - $0.since } ?? .zero }

  var currentSpecifications: [ChildSpecification] {
    life.rules.compactMap { rule in
      var specification = specifications[rule.name]
      specification?.instances = rule.instances
      return specification
    }
  }

  var snapshots: [SupervisedChild] { life.childrenInOrder.map(snapshot) }

  /// What one who follows the children sees now.
  var changes: SupervisedChanges {
    let present = changed.map { $0.compactMap(snapshot) } ?? snapshots
    return SupervisedChanges(
      changed: present, mayLack: changed?.count != present.count, areSettled: life.isSettled,
      isAnyUp: life.count(.up) > 0, all: { self.snapshots })
  }

  func snapshot(_ name: String) -> SupervisedChild? { life.child(name).map(snapshot) }

  private func snapshot(_ child: SupervisorLife.Child) -> SupervisedChild {
    let node = child.phase.isLive ? children[child.name] : nil
    return SupervisedChild(
      name: child.name, phase: child.phase, pid: node?.pid, path: node?.path,
      incarnation: child.incarnation, restarts: child.restarts, isDropped: child.isDropped,
      startsIn: child.nextStart.map { max(.zero, $0 - now) }, lastEnd: child.lastEnd,
      lastExit: children[child.name]?.exitReport)
  }

  /// Waits until `look` finds something, which is tried whenever a child that the name stands for
  /// has changed.
  func wait<Value>(
    _ wait: Wait<Value>, for name: String?, within time: Duration?,
    until look: @escaping (SupervisorController) -> Value?
  ) {
    if let value = look(self) { return wait.end(value) }
    wait.join(waiters(for: name, until: look), within: time)
  }

  /// The callers that wait until `look` finds something, of which there has to be one in this turn.
  func waiters<Value>(
    for name: String?, until look: @escaping (SupervisorController) -> Value?
  ) -> Waiters<Value> {
    let waiters = Waiters<Value>(on: runtime.loop.timers)
    waits.add(for: name) { controller in
      guard !waiters.isEmpty else { return true }
      guard let value = look(controller) else { return false }
      waiters.resume(value)
      return true
    }
    return waiters
  }
}

extension ExitReport {
  /// A sentence about the end; for a supervisor that gave up, how it came to that.
  fileprivate func account(of name: String) -> String {
    if case .failed(let type, let text) = cause, type == SupervisorFailure.typeName { return text }
    return "\(name) \(cause)".limited(to: WireLimits.message)
  }
}

extension SupervisorFailure {
  fileprivate static let typeName = _typeName(Self.self, qualified: true)
}
