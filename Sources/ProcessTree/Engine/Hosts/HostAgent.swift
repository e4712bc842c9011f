internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// The far half of a host: to a placed child it is what the fork server is to a local one.
///
/// It makes the process, and reports how it ended. It runs no program of anybody's, so it never
/// blocks. When its lease is over, it ends all that it has started; if it cannot, its helper does.
/// Belongs to the loop.
final class HostAgent {
  /// How long the last words may take.
  private static let goodbyeTime: Duration = .seconds(1)

  private let loop: EventLoop
  private let hostRun: HostRun
  private let place: RunPlace
  private let directory: RunDirectory
  private let link: AgentLink
  private var carrier: HostCarrier { link.carrier }
  private let sink: AgentOutput
  private let relays: AgentRelays
  private let gate: HostGate
  private var forkServer: ForkServerClient?
  private let remains: AgentRemains
  private let startTime: UInt64
  private var children: [UInt32: AgentChild] = [:]
  private var null: Descriptor?
  private var lease: HostLease {
    didSet { deadline.set(lease.until) }
  }
  /// The end of the lease, for the helper: it ends this process too, should that be stopped.
  private let deadline: SharedDeadline
  private var life = AgentLife()
  /// How long it goes on after it was asked to end by a signal.
  private let drainTime: Duration

  init(
    _ record: HostRecord, _ run: HostRun, _ place: RunPlace, _ server: ForkServer,
    _ deadline: SharedDeadline, _ streams: HostStreams, on loop: EventLoop
  ) throws {
    self.loop = loop
    self.deadline = deadline
    lease = HostLease(.milliseconds(record.lease), at: .sinceBoot)
    drainTime = .milliseconds(max(0, record.drain))
    hostRun = run
    self.place = place
    directory = RunDirectory(path: run.identity.directory)
    startTime = HostProcess.startTime(of: run.node.pid) ?? 0
    link = try AgentLink(HostHello(of: run, in: directory), secret: record.secret, on: loop)
    sink = AgentOutput(link.carrier)
    let context = LinkContext(rings: ProcessRings(of: nil))
    gate = try HostGate(
      Gateways(directory: directory, host: record.host, root: run.node.pid), .up,
      of: run.node.pid, in: context, on: loop, over: link.carrier)
    relays = try AgentRelays(
      at: directory, of: run.node.pid, in: context, on: loop, over: link.carrier,
      seenBy: gate.witness)
    remains = AgentRemains(run.node.tag, on: loop)
    forkServer = try ForkServerClient(server, on: loop) { [unowned self] in
      handle(.broke(reason: "its fork server has gone"))
    }
    relays.child = { [unowned self] pid in
      children.values.first { $0.process?.pid == pid }?.position
    }
    carrier.onFrame = { [unowned self] in receive($0) }
    link.onCut = { [unowned self] in lease.demandWord(at: .sinceBoot) }
    link.onResumed = { [unowned self] in ask() }
    link.onOver = { [unowned self] in handle(.broke(reason: $0)) }
    sink.onRoom = { [unowned self] in for child in children.values { child.resume() } }
    remains.onFound = { [unowned self] pid, command in
      guard let child = children.keys.min() else { return }
      carrier.send(.leftBehind(child: child, pid: pid, command: command), isUrgent: false)
    }
    loop.addTurnHook { [unowned self] in
      sink.recheck()
      return relays.exchange()
    }
    link.introduce(
      on: try HostConnection(over: try streams.takeBoth(), on: loop),
      after: Array(HostRecord.marker(record.nonce).utf8))
    try heedSignals()
    askForLease()
    // Its errors until now went to the engine that started it.
    null = try Descriptors.openNull()
    if let null = null?.number { dup2(null, STDERR_FILENO) }
  }

  func run() -> Never {
    loop.run { life.ending != nil }
    leave()
  }

  private func handle(_ event: AgentLife.Event) {
    for action in life.handle(event) {
      switch action {
      case .drain: drain()
      case .stopAll: RunSweep.stopAll(run: hostRun.identity.runID)
      case .reportStop: carrier.send(.suspend)
      case .continueAll:
        RunSweep.continueAll(run: hostRun.identity.runID)
        carrier.send(.resume)
      }
    }
  }

  // MARK: The near half

  private func receive(_ frame: HostFrame) {
    switch frame.kind {
    case .relay where FrameRelay.isOfThisHost(frame.body):
      handle(.broke(reason: "the near half speaks of rings with nodes of this side"))
    case .relay: HostGate.has(frame.stream) ? gate.receive(frame) : relays.receive(frame)
    case .verb:
      do throws(WireError) {
        receive(try HostVerb(packed: frame.body))
      } catch {
        handle(.broke(reason: error.description))
      }
    case .grant: take(grant: frame)
    case .hello, .output, .ask, .received, .verdict:
      handle(.broke(reason: "a frame that has no place here"))
    }
  }

  private func receive(_ verb: HostVerb) {
    switch verb {
    case .place(let position, let record, let secret): place(position, record, secret)
    case .signal(let position, let signal): children[position]?.send(signal)
    case .close(let stream): HostGate.has(stream) ? gate.close(stream) : relays.close(stream)
    case .reach(let stream, let target): gate.reach(stream, target)
    case .hold(let holds): sink.isHeld = holds
    case .barrier: carrier.send(verb, isUrgent: false)
    case .suspend: ask()
    case .resume: resume()
    case .end: handle(.asked)
    case .started, .failed, .ended, .leftBehind, .open, .bye, .up, .noise, .alive, .cut, .resumed,
      .refused, .draining:
      handle(.broke(reason: "a word that only this side says"))
    }
  }

  // MARK: The lease

  private func askForLease() {
    guard life.ending == nil else { return }
    guard !lease.isOver(at: .sinceBoot) else {
      return handle(.broke(reason: "its lease is over"))
    }
    ask()
    _ = loop.timers.schedule(after: min(lease.pause, lease.until - .sinceBoot)) {
      [unowned self] in askForLease()
    }
  }

  private func ask() {
    carrier.send(
      HostFrame(
        .ask, body: [], stream: UInt32(truncatingIfNeeded: lease.answered),
        number: lease.ask(at: .sinceBoot), isUrgent: true))
  }

  // MARK: Stops of the whole run

  /// Takes an answer: one that lends the time for a stop of the run has all stop that runs here.
  private func take(grant: HostFrame) {
    let isSuspension = grant.stream == 1
    guard lease.granted(grant.number, isSuspension: isSuspension), isSuspension else { return }
    handle(.stopLent)
  }

  private func resume() {
    lease.resume(at: .sinceBoot)
    handle(.resumed)
    ask()
  }

  // MARK: Draining

  /// SIGTERM announces the end of this process: Slurm sends it, or a machine that is shut down.
  private func heedSignals() throws {
    let descriptor = try SignalSource.install(signals: [SIGTERM])
    try loop.poller.add(descriptor, for: .read) { [unowned self] _ in takeSignals() }
  }

  private func takeSignals() {
    guard !SignalSource.takePending().isEmpty else { return }
    handle(.terminated(children: children.count))
  }

  private func drain() {
    carrier.send(.draining(within: Int64(drainTime.wholeMilliseconds)))
    lease.demandWord(at: .sinceBoot)
    ask()
    _ = loop.timers.schedule(after: drainTime) { [unowned self] in handle(.drainTimeOver) }
  }

  // MARK: Starting

  private func place(_ position: UInt32, _ bytes: [UInt8], _ secret: [UInt8]) {
    do {
      try start(position, try BootstrapRecord(packed: bytes), secret)
    } catch {
      carrier.send(.failed(child: position, reason: "\(error)"), isUrgent: false)
    }
  }

  private func start(
    _ position: UInt32, _ original: BootstrapRecord, _ secret: [UInt8]
  ) throws {
    guard children[position] == nil, original.path.positions.last == position,
      secret.count == Secret.size, let forkServer
    else { throw WireError("a child that cannot be placed") }
    guard life.takesChildren else { throw WireError("the host has been asked to end") }
    try FreeDescriptors.demand(ChildEnds.descriptors + 4, for: "another child")
    let record = own(original)
    let ends = try ChildEnds(null: try nullDevice())
    try Bootstrap.write(
      record, NodeSecret(Secret { $0.copyBytes(from: secret) }, of: record.path),
      to: ends.deathPipe.number)
    let inherited = ends.inherited
    let tag = RunTag(run: hostRun.identity.runID, node: record.tag)
    let child = try AgentChild(
      record, tag, output: ends.outputReader, error: ends.errorReader, tie: ends.deathPipe,
      sink: sink, on: loop)
    children[position] = child
    // Its control connection is a socket of ZeroMQ.
    let program = record.program.listIndex == nil ? record.program.type : ""
    let needs = ForkServer.Needs(hasLinks: true, program: program)
    forkServer.request(id: UInt64(position), tag: tag, preparing: needs, ends: inherited) {
      [unowned self] answer in
      switch answer {
      case .started(let handle): started(child, handle)
      case .failed(let errno):
        failed(child, "the fork server could not clone itself: \(String(cString: strerror(errno)))")
      case .lost: failed(child, "the fork server has gone")
      }
    }
  }

  /// The record for a child whose parent this process stands in for on this host.
  private func own(_ original: BootstrapRecord) -> BootstrapRecord {
    var record = original
    let run = hostRun.identity
    record.run = BootstrapRecord.Run(
      id: run.runID, rootPID: run.rootPID, rootStartTime: run.rootStartTime,
      directory: run.directory)
    record.parent.pid = hostRun.node.pid
    record.parent.startTime = startTime
    record.endpoints = BootstrapRecord.Endpoints(
      control: "ipc://" + directory.socket(of: hostRun.node.pid, "c"),
      links: "ipc://" + directory.socket(of: hostRun.node.pid, "l"))
    return record
  }

  private func nullDevice() throws -> Int32 {
    if let number = null?.number { return number }
    let opened = try Descriptors.openNull()
    let number = opened.number
    null = consume opened
    return number
  }

  private func failed(_ child: AgentChild, _ reason: String) {
    children[child.position] = nil
    carrier.send(.failed(child: child.position, reason: reason), isUrgent: false)
    handle(.childEnded(children: children.count))
  }

  private func started(_ child: AgentChild, _ handle: ProcessHandle) {
    child.started(handle)
    carrier.send(.started(child: child.position, pid: handle.pid))
    relays.identify()
    do {
      try loop.whenEnded(handle) { [unowned self] in reap(child) }
    } catch {
      try? handle.send(SIGKILL)
      _ = handle.reapSoon()
      failed(child, "its end cannot be watched: \(error)")
    }
  }

  // MARK: Ends

  private func reap(_ child: AgentChild) -> Bool {
    // What ends by the same signal ends behind the word of it.
    takeSignals()
    guard child.reap(seenBy: gate.witness) else { return false }
    relays.receiveAll()
    if let pid = child.process?.pid {
      directory.removeSockets(of: pid)
      gate.release(pid)
    }
    known()
    remains.clear { [unowned self] in
      children[child.position] = nil
      // Behind all that it sent.
      carrier.send(
        .ended(child: child.position, remains: child.remains().packed(), HostVerb.Relayed()),
        isUrgent: false)
      relays.closeStreams(of: child.position)
      known()
      handle(.childEnded(children: children.count))
    }
    return true
  }

  /// Reports which processes are this one's own.
  private func known() {
    var pids = Set(children.values.compactMap { $0.reaped == nil ? $0.process?.pid : nil })
    if let forkServer { pids.insert(forkServer.pid) }
    remains.own = pids
  }

  /// Ends all that runs here, and this process.
  private func leave() -> Never {
    RunSweep.killAll(run: hostRun.identity.runID)
    for child in children.values where child.reaped == nil {
      _ = child.process?.reapSoon()
    }
    forkServer?.end()
    remains.reapAll()
    place.remove()
    // Nobody listens any more, or waits for this word and nothing else.
    carrier.onFrame = nil
    carrier.send(.bye(reason: life.reason), isUrgent: false)
    var isInTime = true
    _ = loop.timers.schedule(after: Self.goodbyeTime) { isInTime = false }
    loop.run { carrier.isDrained || !isInTime }
    _exit(0)
  }
}
