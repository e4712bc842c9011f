internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire
internal import Synchronization

/// What the parent holds of a started child, and how it carries out what the child's lifecycle
/// decides.
///
/// Belongs to the loop; gone once the child has been reaped.
final class ChildController {
  let child: AnyChild
  unowned let runtime: NodeRuntime
  private(set) var credentials: Credentials
  let tag: RunTag
  private(set) var edge: EdgeStreams
  /// The other end of the data link, once one of the two has needed it.
  private(set) var peer: ChannelPeer?

  private(set) var lifecycle: ChildLifecycle
  private(set) var stopRequest: StopRequest?
  private var deadline: TimerQueue.ID?
  var process: (any ChildProcess)?
  var streams: ChildStreams?
  /// The parent's end of the descriptor that the child inherits: its end tells the child that the
  /// parent has gone, and the parent that the child has.
  private var deathPipe: Int32?
  /// Until when a child may live that has closed its end.
  private var cutOffTimer: TimerQueue.ID?
  var startFailure: String?
  var outcome: RecordedOutcome?
  /// The result is on the data link and has not come yet; the goodbye waits for it.
  var awaitsPayload = false
  /// The numbered frames that the child sent over the data link in all, once it has said goodbye.
  var announcedFrames: UInt64?
  var violations = 0
  var saidGoodbye = false
  var wasReady = false
  private var wasSignalled = false
  private let startTime: SuspendingClock.Instant
  private var exit: Reaped?
  /// Somebody else has reaped the process; how it ended is not known.
  private var statusWasTaken = false
  private var readyWaiters: [() -> Void] = []
  private var exitWaiters: [UInt64: (ExitReport?) -> Void] = [:]
  private var nextWaiter: UInt64 = 0

  init(_ child: AnyChild, tag: RunTag, credentials: Credentials, in runtime: NodeRuntime) {
    self.child = child
    self.runtime = runtime
    self.tag = tag
    self.credentials = credentials
    startTime = runtime.loop.timers.now
    let configuration = runtime.shared.configuration
    lifecycle = ChildLifecycle(
      policy: child.specification.stopPolicy ?? configuration.stopPolicy,
      startDeadline: configuration.startDeadline)
    edge = EdgeStreams(on: runtime.loop)
    prepareEdge()
  }

  /// Makes the streams of the edge, for a process that is not known yet; what an earlier one had is
  /// over.
  func makeEdge() {
    if let peer { runtime.channels.forget(peer) }
    peer = nil
    edge.close(.peerGone)
    edge = EdgeStreams(on: runtime.loop)
    isLinkWanted = false
    prepareEdge()
  }

  private func prepareEdge() {
    edge.onDirty = { [unowned runtime] in runtime.channels.markDirty($0) }
    edge.onLinkNeeded = { [weak self] in self?.askForLink() }
    let position = child.specification.position
    // By its position: the child holds the edge, and must not be held by it.
    let bound = LoopBound(runtime, on: runtime.loop)
    let context = ChannelContext(node: bound, names: runtime.names)
    let messages = Edge(LoopBound(edge, on: runtime.loop), at: context) { message in
      bound.perform { $0.controllers[position]?.send(message) }
    }
    child.state.withLock { $0.edge = messages }
  }

  private var isLinkWanted = false

  /// Asks the child to open the data link, once, as soon as it can be asked.
  func askForLink() {
    guard !isLinkWanted, peer?.link.wasConnected != true else { return }
    isLinkWanted = true
    if isConnected { send(.openLink) }
  }

  /// The end of the data link has been made.
  func join(_ peer: ChannelPeer) {
    self.peer = peer
    peer.onFrameReceived = { [weak self] in self?.answerGoodbye() }
    if let process { peer.found(process, on: runtime.loop) }
  }

  // MARK: Decisions and their effects

  func handle(_ input: ChildLifecycle.Input) {
    for action in lifecycle.handle(input) { perform(action) }
    child.state.withLock { state in
      // The last phase is published with the report, so that nobody sees one without the other.
      if lifecycle.phase != .exited { state.phase = lifecycle.phase }
    }
  }

  private func perform(_ action: ChildLifecycle.Action) {
    switch action {
    case .launch: runtime.launch(self)
    case .giveUpAttempt: runtime.giveUpForkServer()
    case .arm(let what, let time): arm(what, after: time)
    case .disarm: disarm()
    case .ask(let time):
      send(
        .stop(
          requestedBy: stopRequest?.requestedBy ?? runtime.identity.name,
          reason: stopRequest?.reason ?? "asked to stop",
          milliseconds: time.wholeMilliseconds))
    case .terminate: signal([SIGTERM, SIGCONT])
    case .kill: signal([SIGKILL])
    case .acknowledgeGoodbye: send(.goodbyeAcknowledged)
    case .conclude: conclude()
    }
  }

  private func arm(_ what: ChildLifecycle.Deadline, after time: Duration) {
    disarm()
    deadline = runtime.loop.timers.schedule(after: time) { [weak self] in
      self?.deadline = nil
      self?.handle(.deadlinePassed(what))
    }
  }

  private func disarm() {
    if let deadline { runtime.loop.timers.cancel(deadline) }
    deadline = nil
  }

  private func signal(_ signals: [Int32]) {
    wasSignalled = true
    for signal in signals { try? process?.send(signal) }
  }

  private(set) var isConnected = false

  func connected() {
    isConnected = true
    handle(.connected)
    // What waits for the data link, arguments for instance, has asked for it before.
    if isLinkWanted { send(.openLink) }
  }

  /// What the child said before the fork server told that it exists.
  private var beforeStart: [() -> Void] = []
  /// A child that is not known to exist yet has little to say; the bound is never met in practice.
  private static let mostBeforeStart = 1_024

  /// Does something about the child now, or once its start is known: a quick child speaks before
  /// the fork server has answered, and its events have an order.
  func afterStart(_ body: @escaping () -> Void) {
    guard process == nil else { return body() }
    if beforeStart.count < Self.mostBeforeStart { beforeStart.append(body) }
  }

  /// Gives up a process that never was announced, for another start.
  func forgetAttempt() {
    beforeStart = []
    // The process that never was announced knows the old proof.
    if let token = try? randomBytes(Credentials.length) {
      credentials = Credentials(runSecret: credentials.runSecret, token: token)
    }
    isConnected = false
    streams?.drainAndClose()
    streams = nil
    closeDeathPipe()
    makeEdge()
  }

  /// Takes over the parent's end of the descriptor that the child inherits, and watches it.
  func take(deathPipe descriptor: Int32) throws(LoopError) {
    try runtime.loop.poller.add(descriptor, for: []) { [weak self] _ in self?.cutOff() }
    deathPipe = descriptor
  }

  private func closeDeathPipe() {
    if let cutOffTimer { runtime.loop.timers.cancel(cutOffTimer) }
    cutOffTimer = nil
    guard let descriptor = deathPipe else { return }
    runtime.loop.poller.remove(descriptor)
    Descriptors.close(descriptor)
    deathPipe = nil
  }

  /// How long a process may take to end, and its last words to come, once its tie is cut.
  private static let timeToEnd: Duration = .seconds(5)

  /// The child has closed its end: it is ending, or it has closed what is not its own, or it said
  /// goodbye and nobody answers.
  private func cutOff() {
    guard let deathPipe, cutOffTimer == nil else { return }
    runtime.loop.poller.remove(deathPipe)
    cutOffTimer = runtime.loop.timers.schedule(after: Self.timeToEnd) { [weak self] in
      // One that was heard saying goodbye has its own deadline; one that is traced has ended.
      guard let self, announcedFrames == nil, process?.hasEnded != true else { return }
      let reason =
        "it has cut descriptor \(Bootstrap.descriptor), its tie to its parent, and no goodbye came "
        + "over its control connection: has it closed, or written to, what is not its own?"
      noteViolation(reason)
      endBrokenChild(reason)
    }
  }

  /// Ends a child that broke one of the ties to its parent: what it says from then on may be lost.
  ///
  /// It has failed, whatever it would have said: nobody had asked it to stop.
  func endBrokenChild(_ reason: String) {
    guard lifecycle.phase != .exited, !saidGoodbye else { return }
    let error = ProcessTreeError(.unreachable, "The node was ended, because \(reason)")
    outcome = .failure(RemoteFailure(error, at: child.name))
    awaitsPayload = false
    handle(.stop(.kill))
  }

  func send(_ message: ControlMessage) {
    runtime.listeners?.control.send(message.frame(), to: child.specification.position)
  }

  /// Stops the child, from this step on; the first request is the one that is reported.
  ///
  /// - Parameter policy: What this node has time for, when it is stopping itself.
  func stop(
    from step: ChildLifecycle.StopStep, _ request: StopRequest, within policy: StopPolicy? = nil
  ) {
    guard lifecycle.phase != .exited else { return }
    if let policy {
      for action in lifecycle.limit(to: policy) { perform(action) }
    }
    if stopRequest == nil {
      stopRequest = request
      runtime.emit(.stopping(request), about: child)
    }
    handle(.stop(step))
  }

  // MARK: The process

  /// The process exists; from now on its end is watched for.
  func started(_ handle: any ChildProcess) {
    process = handle
    child.state.withLock { $0.pid = handle.pid }
    if let peer {
      // Of the process that was lost before this one.
      peer.address.pid == handle.pid ? peer.found(handle, on: runtime.loop) : makeEdge()
    }
    runtime.emit(.started, about: child)
    do {
      try handle.watch(on: runtime.loop) { [weak self] in self?.reap() ?? true }
    } catch {
      // Without a watch its end would go unseen.
      startFailure = "its end cannot be watched: \(error)"
      try? handle.send(SIGKILL)
      exit = handle.reapSoon()
      return self.handle(.exited)
    }
    self.handle(.processStarted)
    let waiting = beforeStart
    beforeStart = []
    for body in waiting { body() }
  }

  func couldNotStart(_ reason: String) {
    startFailure = reason
    handle(.couldNotStart)
  }

  /// Reaps the child, which has ended; false when that cannot be done at present.
  private func reap() -> Bool {
    guard let process, exit == nil, !statusWasTaken else { return true }
    do throws(ProcessControlError) {
      guard let reaped = try process.reap() else { return false }
      exit = reaped
    } catch {
      // Only for a re-exec'd child: other code in this process has waited for any child.
      statusWasTaken = true
    }
    // What the child said last may have come already.
    runtime.receiveLastFrames()
    // One that died at once may have begun its program without its word getting out.
    if !wasReady, let deathPipe {
      switch Bootstrap.lastWord(deathPipe) {
      case .begun: receive(.ready)
      case .failed(let reason): startFailure = reason
      case nil: break
      }
    }
    handle(.exited)
    return true
  }

  /// Everything is over: reads what is left, and, once nothing that the child left is there any
  /// more, tells everybody and forgets the child.
  private func conclude() {
    streams?.drainAndClose()
    runtime.takeOutput(of: self, all: true)
    closeDeathPipe()
    edge.close(.peerGone)
    if let peer { runtime.channels.hasEnded(peer) }
    let tickets = child.takeTickets()
    if !tickets.isEmpty { runtime.channels.revoke(tickets) }
    let report = makeReport()
    process?.close()
    runtime.clearRemains(of: self) { [self] in publish(report) }
  }

  private func publish(_ report: ExitReport) {
    child.state.withLock { state in
      state.outcome = outcome
      state.report = report
      state.phase = .exited
    }
    runtime.concluded(self, report)
    let waiters = readyWaiters
    readyWaiters = []
    for waiter in waiters { waiter() }
    let ends = exitWaiters
    exitWaiters = [:]
    for (_, waiter) in ends { waiter(report) }
  }

  private func makeReport() -> ExitReport {
    ExitReport(
      node: child.name, pid: process?.pid, status: exit?.status, cause: cause(),
      stopRequest: stopRequest, usage: exit?.usage,
      lifetime: startTime.duration(to: runtime.loop.timers.now),
      lastErrorLines: streams?.errorTail.lastErrorLines ?? [],
      crashAccount: streams?.errorTail.crashAccount ?? [])
  }

  private func cause() -> ExitCause {
    if let startFailure { return .couldNotStart(reason: startFailure) }
    if statusWasTaken { return causeWithoutStatus() }
    guard let exit else {
      return stopRequest.map { .stopped($0) }
        ?? .couldNotStart(reason: "there never was a process")
    }
    let isUnexplainedKill = exit.status == .signaled(SIGKILL, coreDumped: false) && !wasSignalled
    return .explaining(
      ExitEvidence(
        status: exit.status, outcome: outcome, saidGoodbye: saidGoodbye, stopRequest: stopRequest,
        wasSignalled: wasSignalled, wasReady: wasReady, startTimedOut: lifecycle.startTimedOut,
        memoryRanOut: isUnexplainedKill && runtime.memoryRanOut()))
  }

  /// The cause as the child told it itself.
  private func causeWithoutStatus() -> ExitCause {
    switch outcome {
    case .result: .completed
    case .failure(let failure): .failed(type: failure.typeName, text: failure.text)
    case .exit(let code): .exited(code: code)
    case .cancelled, nil:
      stopRequest.map { .stopped($0) } ?? .exitedWithoutResult(code: -1)
    }
  }

  // MARK: Waiting

  /// Calls `body` with true when the child is ready or will never be, or with false after `time`.
  func whenReady(within time: Duration?, _ body: @escaping (_ isInTime: Bool) -> Void) {
    guard !wasReady, child.exitReport == nil else { return body(true) }
    guard let time else { return readyWaiters.append { body(true) } }
    let timers = runtime.loop.timers
    var isOver = false
    let timer = timers.schedule(after: time) {
      isOver = true
      body(false)
    }
    readyWaiters.append {
      guard !isOver else { return }
      timers.cancel(timer)
      body(true)
    }
  }

  func becameReady() {
    wasReady = true
    handle(.ready)
    let waiters = readyWaiters
    readyWaiters = []
    for waiter in waiters { waiter() }
  }

  /// Calls `body` with the report at the end, or with nil after `timeout`; returns a number to
  /// cancel by.
  func whenExited(
    timeout: Duration?, _ body: @escaping (ExitReport?) -> Void
  ) -> UInt64 {
    let id = nextWaiter
    nextWaiter += 1
    guard let timeout else {
      exitWaiters[id] = body
      return id
    }
    let timers = runtime.loop.timers
    let timer = timers.schedule(after: timeout) { [weak self] in
      self?.exitWaiters.removeValue(forKey: id)?(nil)
    }
    exitWaiters[id] = { report in
      timers.cancel(timer)
      body(report)
    }
    return id
  }

  /// Calls the waiter back now, without a report.
  func cancelWaiter(_ id: UInt64) {
    exitWaiters.removeValue(forKey: id)?(nil)
  }
}
