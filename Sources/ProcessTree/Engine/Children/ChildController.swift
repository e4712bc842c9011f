internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// What the parent holds of a started child, and how it carries out what the child's lifecycle
/// decides.
///
/// Belongs to the loop; gone once the child has been reaped.
final class ChildController {
  let child: AnyChild
  unowned let runtime: NodeRuntime
  /// The number of the attempt to start the child, which its proof names.
  private(set) var attempt: UInt32 = 1
  let tag: RunTag
  private(set) var edge: EdgeStreams
  /// The other end of the data link, once one of the two has needed it.
  private(set) var peer: ChannelPeer?

  private(set) var life: ChildLife<RecordedOutcome>
  var process: (any ChildProcess)?
  var streams: ChildStreams?
  private(set) var tie: ChildTie?
  private let startTime: SuspendingClock.Instant
  /// When the child went on to its present phase.
  private(set) var phaseSince: SuspendingClock.Instant
  private var end: ProcessEnd?
  /// The supervisor that keeps the child alive, and stops it when the node stops.
  weak var supervisor: SupervisorController?
  /// The host that the child runs on; nil for this node's own.
  let host: HostController?
  /// The host whose near half the child is.
  weak var keeps: HostController?
  /// Called behind each frame of the child, of either connection; for one whose end waits for
  /// frames.
  var onFrame: (() -> Void)?
  /// Called when the child has announced that it is up, or no longer up.
  var onUp: ((_ isUp: Bool) -> Void)?
  /// How the child proves that it is not hung.
  private(set) lazy var lease = LeaseKeeper(
    child.declaration.liveness(in: runtime.shared.configuration.liveness), of: self)
  /// Callers that wait until the child is ready, or will never be.
  let readyWaiters: Waiters<Void>
  let exitWaiters: Waiters<ExitReport>

  init(_ child: AnyChild, tag: RunTag, in runtime: NodeRuntime) {
    self.child = child
    self.runtime = runtime
    self.tag = tag
    host = child.declaration.host.flatMap { runtime.hosts[$0] }
    startTime = runtime.loop.timers.now
    phaseSince = startTime
    let configuration = runtime.shared.configuration
    life = ChildLife(
      policy: child.declaration.stopPolicy ?? configuration.stopPolicy,
      startDeadline: configuration.startDeadline)
    readyWaiters = Waiters(on: runtime.loop.timers)
    exitWaiters = Waiters(on: runtime.loop.timers)
    edge = EdgeStreams(on: runtime.loop)
    prepareEdge()
  }

  /// Makes the streams of the edge, for a process that is not known yet; what an earlier one had is
  /// over.
  func makeEdge() {
    if let peer { runtime.channels?.forget(peer) }
    peer = nil
    edge.close(.peerGone)
    edge = EdgeStreams(on: runtime.loop)
    isLinkWanted = false
    prepareEdge()
  }

  private func prepareEdge() {
    edge.onDirty = { [unowned runtime] in runtime.openChannels().markDirty($0) }
    edge.onLinkNeeded = { [weak self] in self?.askForLink() }
    let position = child.declaration.position
    // By its position: the child holds the edge, and must not be held by it.
    let bound = LoopBound(runtime, on: runtime.loop)
    let context = ChannelContext(node: bound, names: runtime.names)
    let messages = Edge(LoopBound(edge, on: runtime.loop), at: context) { message in
      bound.perform { $0.controllers[position]?.send(message) }
    }
    child.state.withLock { $0.edge = messages }
  }

  private var isLinkWanted = false

  /// Listens for the data link, and requests the child to open it, once, as soon as it is
  /// connected.
  func askForLink() {
    guard !isLinkWanted, peer?.link.wasConnected != true else { return }
    isLinkWanted = true
    do throws(ProcessTreeError) {
      try runtime.openChannels().listen()
    } catch {
      // As a child does that cannot open it: frames for it would wait without end.
      return runtime.giveUp(error)
    }
    if life.isConnected { send(.openLink) }
  }

  /// The child has proved itself on the control connection.
  func connected() {
    handle(.connected)
    // Items that wait for the data link, arguments for instance, have requested it before.
    if isLinkWanted { send(.openLink) }
    let waiting = beforeConnection
    beforeConnection = []
    for message in waiting { send(message) }
  }

  /// Messages that wait for the control connection.
  private var beforeConnection: [ControlMessage] = []

  /// Sends a message as soon as the child is connected.
  func sendOnceConnected(_ message: ControlMessage) {
    guard !life.isConnected else { return send(message) }
    beforeConnection.append(message)
  }

  /// The end of the data link has been made.
  func join(_ peer: ChannelPeer) {
    self.peer = peer
    peer.onFrameReceived = { [weak self, unowned peer] in
      guard let self else { return }
      if life.awaitsFrames { handle(.received(frames: peer.link.received)) }
      onFrame?()
    }
    if let process { peer.found(process, on: runtime.loop) }
  }

  // MARK: Decisions and their effects

  private(set) lazy var deadline = LifeDeadline<ChildLifecycle.Deadline>(on: runtime.loop.timers) {
    [unowned self] in
    if life.hasProcess { reportDelay($0) }
    handle(.deadlinePassed($0))
  }

  func handle(_ input: ChildLife<RecordedOutcome>.Input) {
    let before = life.phase
    let actions = life.handle(input)
    if life.phase != before { phaseSince = runtime.loop.timers.now }
    // The last phase is published with the report, so that nobody sees one without the other.
    if life.phase != before, life.phase != .exited {
      child.state.withLock { $0.phase = life.phase }
    }
    for action in actions { perform(action) }
    // A child that is being stopped has the deadlines of the stop.
    if life.phase > .ready { lease.handle(.end) }
  }

  private func perform(_ action: ChildLife<RecordedOutcome>.Action) {
    switch action {
    case .lifecycle(let action): perform(action)
    case .becameReady:
      runtime.emit(.ready, about: child)
      runtime.addresses.ready(child)
      readyWaiters.resume(())
      lease.handle(.begin)
    case .reportStop(let request): runtime.emit(.stopping(request), about: child)
    case .reportViolation(let reason): runtime.emit(.messageRejected(reason: reason), about: child)
    case .awaitPayload: awaitPayload()
    case .armTie(let time):
      awaitEnd(within: time)
    }
  }

  private func perform(_ action: ChildLifecycle.Action) {
    switch action {
    case .launch: runtime.launch(self)
    case .giveUpAttempt: host.map { $0.giveUp(self) } ?? runtime.giveUpForkServer()
    case .arm(let what, let time):
      deadline.arm(what, after: time, keepsEarlier: what.isOfAStop)
    case .disarm: deadline.disarm()
    case .drain(let time):
      child.beginDraining()
      send(.drain(request.message(within: time)))
    case .ask(let time): send(.stop(request.message(within: time)))
    case .terminate:
      try? process?.send(SIGTERM)
      try? process?.send(SIGCONT)
    case .kill: kill()
    case .acknowledgeGoodbye: send(.goodbyeAcknowledged)
    case .conclude: conclude()
    }
  }

  private var request: StopRequest {
    life.stopRequest ?? runtime.identity.stopRequest(because: "asked to stop")
  }

  func send(_ message: ControlMessage) {
    runtime.listeners.control?.send(message.frame(), to: child.declaration.position)
  }

  // MARK: The process

  /// What the child sent before the fork server replied that it exists.
  private var beforeStart: [() -> Void] = []
  /// A child that is not known to exist yet has little to send; the bound is never met in practice.
  private static let mostBeforeStart = 1_024

  /// Does something about the child now, or once its start is known: a quick child sends before
  /// the fork server has replied, and its events have an order.
  func afterStart(_ body: @escaping () -> Void) {
    guard process == nil else { return body() }
    if beforeStart.count < Self.mostBeforeStart { beforeStart.append(body) }
  }

  /// The process exists; from now on its end is watched for.
  func started(_ handle: any ChildProcess) {
    process = handle
    child.state.withLock { $0.pid = handle.pid }
    runtime.emit(.started, about: child)
    do {
      try handle.watch(on: runtime.loop) { [weak self] in self?.reap() ?? true }
    } catch {
      // Without a watch its end would go unseen.
      try? handle.send(SIGKILL)
      end = handle.reapSoon().map { .reaped($0) }
      return self.handle(.couldNotStart("its end cannot be watched: \(error)"))
    }
    self.handle(.processStarted)
    let waiting = beforeStart
    beforeStart = []
    for body in waiting { body() }
  }

  /// The process, if it is on another host.
  var placed: PlacedProcess? { process as? PlacedProcess }

  /// Whether its host has no connection at present, so that silence shows nothing about the child.
  var isUnheard: Bool { host?.isCut ?? false }

  /// Gives up a process that never was announced, for another start.
  func attemptLost() {
    beforeStart = []
    // The process that never was announced has the proof of the old attempt.
    attempt += 1
    streams?.drainAndClose()
    streams = nil
    tie = nil
    makeEdge()
    handle(.attemptLost)
  }

  /// Takes over the parent's end of the descriptor that the child inherits, and watches it.
  func take(tie descriptor: consuming Descriptor) throws(LoopError) {
    let tie = try ChildTie(descriptor, on: runtime.loop) { [weak self] in
      guard let self, end == nil else { return }
      handle(.tieCut)
    }
    self.tie = tie
    if let stream = tie.stream {
      runtime.listeners.control?.join(stream, of: child.declaration.position)
    }
  }

  /// Makes the tie to a node that shares the process; returns what cuts it.
  func tieInMemory() -> () -> Void {
    tie = ChildTie(on: runtime.loop)
    return { [weak self] in self?.handle(.tieCut) }
  }

  /// Reaps the child, which has ended; false when that cannot be done at present.
  private func reap() -> Bool {
    guard let process, end == nil else { return true }
    if let loss = placed?.loss {
      end = .hostLost(loss)
      peer?.verdict = .hostOver
      runtime.listeners.receiveAll(from: self)
      handle(.exited(nil))
      return true
    }
    do throws(ProcessControlError) {
      guard let reaped = try process.reap() else { return false }
      end = .reaped(reaped)
      if let work = placed?.remains?.work { peer?.verdict = .dead(work: work) }
    } catch {
      // Only for a re-exec'd child: other code in this process has waited for any child.
      end = .statusWasTaken
    }
    // What the child sent last may have come already.
    runtime.listeners.receiveAll(from: self)
    // One that has been killed may have been about to send it.
    if case .reaped(let reaped) = end, reaped.status.exitCode == 0, tie?.isCutShort == true {
      runtime.listeners.broke(self, "control", "it ended within a message")
    }
    let lastWord = placed.map { $0.remains?.lastWord } ?? tie?.lastWord
    handle(.exited(life.wasReady ? nil : lastWord))
    return true
  }

  // MARK: The end

  /// Everything is over: reads what is left, and, once nothing that the child left is there any
  /// more, publishes the report and forgets the child.
  private func conclude() {
    streams?.drainAndClose()
    runtime.output.take(of: self, all: true)
    tie = nil
    edge.close(.peerGone)
    if let peer { runtime.channels?.hasEnded(peer) }
    let tickets = child.takeTickets()
    if !tickets.isEmpty { runtime.openChannels().revoke(tickets) }
    let report = ExitReport(
      node: child.name, pid: process?.pid, status: end?.status,
      cause: .explaining(
        life, end, cpuSeconds: child.declaration.settings.cpuSeconds,
        memoryRanOut: { runtime.memory?.explainsKill() ?? false }),
      stopRequest: life.stopRequest, usage: end?.usage,
      lifetime: startTime.duration(to: runtime.loop.timers.now),
      lastErrorLines: placed?.remains?.lastErrorLines ?? streams?.errorTail.lastErrorLines ?? [],
      crashAccount: placed?.remains?.crashAccount ?? streams?.errorTail.crashAccount ?? [],
      incarnation: child.declaration.incarnation, host: child.declaration.hostName)
    process?.close()
    runtime.clearRemains(of: self) { [self] in publish(report) }
  }

  private func publish(_ report: ExitReport) {
    child.state.withLock { state in
      state.outcome = life.outcome
      state.report = report
      state.phase = .exited
    }
    runtime.concluded(self, report)
    readyWaiters.resume(())
    exitWaiters.resume(report)
  }
}
