internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// The connections of a host's near half: the first one, and those by which the link goes on when
/// one has been cut.
///
/// Belongs to the loop.
final class KeeperLink {
  private let keeper: HostKeeper
  private unowned let runtime: NodeRuntime
  private var loop: EventLoop { runtime.loop }
  let carrier = HostCarrier()
  /// The command of the first connection, and that of the present one.
  private let first: EngineSession
  private var current: EngineSession?
  private var attempts: AttachAttempts?
  /// How the far half introduced itself, if the host can be used.
  private(set) var hello: HostHello?
  private var lastNumber: UInt32 = 0
  private var watch: LinkWatch?
  private var grant: HostGrant?
  private var fence: HostFence?
  private(set) var isOver = false
  /// Whether the far half may stop all that runs there, and waits for this one to go on.
  private(set) var isSuspended = false
  /// Called when the last command has ended.
  var onIdle: (() -> Void)?

  /// Called with the far half's hello; throws if the host must not be used.
  var onHello: ((HostHello, _ bytes: [UInt8], _ noise: [UInt8]) throws(HostError) -> Void)?
  var onCut: ((_ silence: Duration) -> Void)?
  var onResumed: ((_ after: Duration) -> Void)?
  /// Called once, when nothing of the host can run any more.
  var onOver: ((HostEnd) -> Void)?

  init(_ keeper: HostKeeper, in runtime: NodeRuntime) throws {
    self.keeper = keeper
    self.runtime = runtime
    let nonce = try EngineSession.nonce(on: runtime.loop)
    let record = HostRecord(
      host: runtime.identity.host.child(keeper.number), name: keeper.name, nonce: nonce,
      lease: Int64(keeper.lease.wholeMilliseconds),
      drain: Int64(keeper.drainTime.wholeMilliseconds), secret: keeper.secret)
    first = try EngineSession(keeper.words, nonce: nonce, record: record.packed(), in: runtime)
    first.onFirst = { [unowned self] in introduce($0) }
    first.onSilentEnd = { [unowned self] in
      if case .broken(let error) = $0 { return end(.notReached, error.description) }
      end(.notReached, "the connection has ended")
    }
    first.onEnd = { [weak self] in self?.tellIfIdle() }
    carrier.onWord = { [unowned self] in heard() }
    carrier.onBytes = { [unowned self] in watch?.bytesCame(isBulk: $0, at: .sinceBoot) }
    carrier.onCut = { [unowned self] in connectionEnded() }
    carrier.onBroken = { [unowned self] in giveUp(because: $0) }
  }

  // MARK: The first connection

  func begin() throws(LoopError) { try first.begin() }

  private func introduce(_ frame: HostFrame) {
    guard frame.kind == .hello, let hello = try? HostHello(packed: frame.body) else {
      return end(.notReached, "it does not begin with a hello")
    }
    do throws(HostError) {
      try onHello?(hello, frame.body, first.connection.noise)
    } catch {
      return end(error.code, error.message)
    }
    self.hello = hello
    let made = AttachAttempts(keeper.attachWords, to: hello, keeper.secret, in: runtime)
    made.onHello = { [unowned self] in join($0, $1) }
    made.onVerdict = { [unowned self] in take($0) }
    made.onFailure = { [unowned self] in watch?.attemptEnded() }
    made.onIdle = { [weak self] in self?.tellIfIdle() }
    attempts = made
    watch = LinkWatch(lease: keeper.lease, at: .sinceBoot)
    grant = HostGrant(lease: keeper.lease, at: .sinceBoot)
    use(first, frame)
    look()
  }

  /// Goes on over the connection of a command.
  private func use(_ session: EngineSession, _ hello: HostFrame) {
    if current !== session { current?.leave() }
    current = session
    lastNumber += 1
    do throws(WireError) {
      _ = try carrier.use(
        session.connection, lastNumber, peerReceived: hello.number,
        hello: HostFrame(.hello, body: [], stream: lastNumber, number: carrier.received))
    } catch {
      giveUp(because: error.description)
    }
  }

  // MARK: Cuts

  private func heard() {
    if let time = watch?.heard(at: .sinceBoot) { resumed(after: time) }
  }

  /// Answers a question of the far half.
  func answer(_ question: HostFrame) {
    isSuspended ? grant?.suspended(at: .sinceBoot) : grant?.asked(at: .sinceBoot)
    watch?.asked(
      UInt32(truncatingIfNeeded: question.number), answered: question.stream, at: .sinceBoot)
    carrier.send(
      HostFrame(
        .grant, body: [], stream: isSuspended ? 1 : 0, number: question.number, isUrgent: true))
  }

  /// From now on answers allow the far half to stop all that runs there.
  func suspend() { isSuspended = true }

  /// This half goes on after a stop, in which it has heard nothing.
  func resume() {
    isSuspended = false
    guard watch?.isCut == false else { return }
    watch = LinkWatch(lease: keeper.lease, at: .sinceBoot)
  }

  /// The far half goes on; returns false if it is to stop again.
  func resumed() -> Bool {
    guard !isSuspended else { return false }
    grant?.resumed(at: .sinceBoot)
    return true
  }

  private func connectionEnded() {
    current?.leave()
    if watch?.connectionEnded(at: .sinceBoot) == true { onCut?(.zero) }
    look()
  }

  private func join(_ session: EngineSession, _ frame: HostFrame) {
    watch?.attemptEnded()
    guard let theirs = try? HostHello(packed: frame.body), theirs == hello else {
      return session.leave()
    }
    attempts?.leaveAll()
    let time = watch?.resumed(at: .sinceBoot)
    use(session, frame)
    // It may have broken at once.
    guard let time, carrier.isConnected, current === session, fence == nil, !isOver else { return }
    resumed(after: time)
  }

  private func resumed(after time: Duration) {
    attempts?.leaveAll()
    onResumed?(time)
  }

  private func take(_ verdict: HostVerdict) {
    guard let evidence = HostLoss.Evidence(verdict) else { return }
    switch verdict {
    case .gone(let killed):
      let left = killed == 0 ? "" : ", and \(killed) processes that it had left were killed"
      end(.over, "its far half has gone\(left)", evidence)
    case .rebooted: end(.over, "its machine has been started anew", evidence)
    case .elsewhere: break
    }
  }

  /// Whether a look is due already.
  private var nextLook: TimerQueue.ID?

  private func look() {
    guard !isOver, fence == nil, let grant, watch != nil else { return }
    let now = Duration.sinceBoot
    guard now < grant.limit else {
      let silence = grant.silence(at: now).inShort
      let trouble = attempts?.lastTrouble.map { "; the last attempt to reach it: \($0)" } ?? ""
      return end(.over, "nothing has been heard of it for \(silence)\(trouble)", .leaseOver)
    }
    // Stopped together with the engine's command, this half hears nothing.
    let findings = isSuspended ? [] : watch?.look(at: now) ?? []
    for finding in findings {
      switch finding {
      case .cut(let silence): onCut?(silence)
      case .attempt: attempts?.start(to: .join)
      }
    }
    let next = isSuspended ? LinkWatch.pauseAfterCut : watch?.pause(at: now) ?? .zero
    let pause = min(next, grant.limit - now)
    if let nextLook { loop.timers.cancel(nextLook) }
    nextLook = loop.timers.schedule(after: pause) { [weak self] in self?.look() }
  }

  // MARK: The end

  /// Uses the host no more: it is over once the far half has ended for certain.
  func giveUp(because reason: String) {
    guard !isOver, fence == nil else { return }
    carrier.close()
    current?.leave()
    guard let attempts, let grant else { return end(.over, reason) }
    let made = HostFence(attempts, until: grant.limit, on: loop)
    fence = made
    made.onOver = { [unowned self] in end(.over, reason, $0) }
    made.begin()
  }

  /// The host is over.
  func end(_ code: HostError.Code, _ message: String, _ evidence: HostLoss.Evidence? = nil) {
    guard !isOver else { return }
    isOver = true
    carrier.close()
    // A command that ends by itself shows more than one that was killed.
    first.leave(isLast: true)
    attempts?.leaveAll(isLast: true)
    onOver?(HostEnd(error: HostError(code, host: keeper.name, message), evidence: evidence))
  }

  /// Whether all commands have ended.
  var isIdle: Bool { first.hasEnded && attempts?.isIdle ?? true }

  private func tellIfIdle() {
    if isIdle { onIdle?() }
  }

  /// The error, with the trouble that the end of the first command shows.
  func explain(_ error: HostError) -> HostError { first.explain(error) }
}
