internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeSupervision

/// The effects of a command's check, whose decisions are those of its `ReadinessLife`.
///
/// Belongs to the loop.
final class ReadinessKeeper {
  private let check: ReadinessCheck
  private let node: Node
  private let timers: TimerQueue
  private var life: ReadinessLife
  private var probing: Task<Void, Never>?
  private var nextProbe: TimerQueue.ID?
  private var deadline: TimerQueue.ID?
  private var watchdog: TimerQueue.ID?
  private var failure: CommandError?
  private let failed = Condition()

  init(_ check: ReadinessCheck, in node: Node) {
    self.check = check
    self.node = node
    timers = node.runtime.loop.timers
    life = ReadinessLife(check.plan)
  }

  /// Begins to look, at a command that has just been started.
  func begin() { handle(.begin) }

  /// The command has written a line, or reported, that shows it.
  func held() { handle(.held) }

  /// What the command has sent to its notify socket.
  func receive(_ message: NotifyMessage) {
    for word in message.words {
      switch word {
      case .ready:
        handle(.held)
        heard()
      case .stopping: handle(.ended("it has reported STOPPING=1"))
      case .watchdog: if life.isUp { heard() }
      case .watchdogTrigger: fail("it has reported WATCHDOG=trigger")
      case .status(let text): node.report(text)
      }
    }
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
    case .announceUp: node.announceUp()
    case .announceDown: node.announceDown()
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

  private func fail(_ reason: String) {
    failure = failure ?? CommandError(.notReady, "\(check): \(reason)")
    failed.wakeAll()
  }

  /// The command is alive: its watchdog begins anew, if it has one.
  private func heard() {
    guard case .notify(let time?) = check.kind else { return }
    if let watchdog { timers.cancel(watchdog) }
    watchdog = timers.schedule(after: time) { [weak self] in
      self?.fail("it has not sent WATCHDOG=1 for \(time.inShort)")
    }
  }
}
