internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeSupervision

/// The effects of a command's check, whose decisions are those of its `ReadinessLife`.
///
/// It decides whether the command's node is up, or, as the check of liveness, whether the command
/// may live on. Belongs to the loop.
final class ReadinessKeeper {
  private let check: ReadinessCheck
  private let node: Node
  private let timers: TimerQueue
  /// The check of liveness, which begins when the command is up for the first time.
  private let liveness: ReadinessKeeper?
  private let isLiveness: Bool
  private var life: ReadinessLife
  private var probing: Task<Void, Never>?
  private var nextProbe: TimerQueue.ID?
  private var deadline: TimerQueue.ID?
  private var watchdog: TimerQueue.ID?
  private var failure: CommandError?
  /// What the keeper of the other check does with a failure of this one.
  private var onFailure: ((CommandError) -> Void)?
  private let failed = Condition()

  private init(
    _ check: ReadinessCheck, in node: Node, isLiveness: Bool, then liveness: ReadinessKeeper? = nil
  ) {
    self.check = check
    self.node = node
    self.isLiveness = isLiveness
    self.liveness = liveness
    timers = node.runtime.loop.timers
    life = ReadinessLife(check.plan(isLiveness: isLiveness))
    liveness?.onFailure = { [unowned self] in end($0) }
  }

  /// The keeper of the checks of one command, of which there has to be one.
  convenience init?(readiness: ReadinessCheck?, liveness: ReadinessCheck?, in node: Node) {
    let last = liveness.map { ReadinessKeeper($0, in: node, isLiveness: true) }
    if let readiness {
      self.init(readiness, in: node, isLiveness: false, then: last)
    } else if let liveness {
      self.init(liveness, in: node, isLiveness: true)
    } else {
      return nil
    }
  }

  /// Begins to look, at a command that has just been started.
  func begin() {
    let isAnew = life.isUp
    handle(.begin)
    if isLiveness, !isAnew { heard(after: check.delay) }
  }

  /// The command has written a line, or reported, that shows it.
  func held() { handle(.held) }

  /// What the command has sent to its notify socket.
  func receive(_ message: NotifyMessage) {
    for word in message.words {
      switch word {
      case .ready where !isLiveness && check.isNotify:
        handle(.held)
        heard()
      case .stopping where !isLiveness && check.isNotify:
        handle(.ended("it has reported STOPPING=1"))
      case .watchdog where life.isUp: heard()
      case .watchdogTrigger: fail("it has reported WATCHDOG=trigger")
      case .status(let text) where liveness == nil: node.report(text)
      case .ready, .stopping, .watchdog, .status: break
      }
    }
    liveness?.receive(message)
  }

  /// Waits until the command has to be ended; throws why, or `CancellationError`.
  func waitForFailure() async throws {
    while true {
      if let failure { throw failure }
      try Task.checkCancellation()
      await failed.wait()
    }
  }

  /// Looks no more.
  func end() {
    liveness?.end()
    handle(.end)
    probing?.cancel()
    for timer in [nextProbe, deadline, watchdog].compactMap(\.self) { timers.cancel(timer) }
  }

  private func handle(_ input: ReadinessLife.Input) {
    for action in life.handle(input) { perform(action) }
  }

  private func perform(_ action: ReadinessLife.Action) {
    switch action {
    case .probe: probe()
    case .armProbe(let time):
      nextProbe = timers.schedule(after: time) { [weak self] in self?.handle(.probeDue) }
    case .armDeadline(let time):
      disarm()
      deadline = timers.schedule(after: time) { [weak self] in self?.handle(.deadlinePassed) }
    case .disarmDeadline: disarm()
    case .announceUp:
      node.announceUp()
      liveness?.begin()
    case .announceDown: node.announceDown()
    case .failStart(let reason): fail(reason, .neverUp)
    case .fail(let reason): fail(reason)
    }
  }

  private func disarm() {
    if let deadline { timers.cancel(deadline) }
    deadline = nil
  }

  private func probe() {
    let loop = node.runtime.loop
    let keeper = LoopBound(self, on: loop)
    probing = Task(executorPreference: loop) { [check, node] in
      let reason = await check.probe(in: node)
      keeper.perform { $0.handle(reason.map { .failed($0) } ?? .held) }
    }
  }

  private func fail(_ reason: String, _ code: CommandError.Code = .notReady) {
    end(CommandError(code, "\(check): \(reason)"))
  }

  private func end(_ error: CommandError) {
    if let onFailure { return onFailure(error) }
    failure = failure ?? error
    failed.wakeAll()
  }

  /// The command is alive: its watchdog begins anew, if it has one.
  private func heard(after delay: Duration = .zero) {
    guard let time = check.watchdog else { return }
    if let watchdog { timers.cancel(watchdog) }
    watchdog = timers.schedule(after: delay + time) { [weak self] in
      self?.fail("it has not sent WATCHDOG=1 for \(time.inShort)")
    }
  }
}
