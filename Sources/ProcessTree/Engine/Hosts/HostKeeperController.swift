internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// The work of a host's near half.
///
/// Belongs to the loop.
final class HostKeeperController {
  /// How long the far half may take to end all that runs there, and to leave.
  private static let endTime: Duration = .seconds(5)
  /// How long the engine's command may go on once the link has ended.
  private static let engineTime: Duration = .seconds(1)

  /// How much output waits here before the far half is told to hold it back, and the most that may come
  /// after that: what was under way, and the last words of those that die meanwhile.
  private static let mostWaiting = 1 << 20
  private static let mostAfterHold = 64 << 20

  private let keeper: HostKeeper
  private unowned let runtime: NodeRuntime
  private let engine: EngineProcess
  private let carrier: HostCarrier
  private let relays: KeeperRelays
  private let gate: HostGate
  private var hello: HostHello?
  /// Why the link has ended, unless it was asked to.
  private(set) var failure: HostError?
  private var code = HostError.Code.notReached
  private var grant: HostGrant?
  private(set) var isOver = false
  private var isFinishing = false
  private var isEnding = false
  private var linkEnded = false
  let overWaiters: Waiters<Void>
  /// The bytes of output that have come since nobody takes any.
  private var waitingBytes = 0
  private var isHolding = false

  init(_ keeper: HostKeeper, in runtime: NodeRuntime) throws {
    guard let parent = runtime.parent else {
      throw ProcessTreeError(.unreachable, "The near half of a host has a parent.")
    }
    self.keeper = keeper
    self.runtime = runtime
    overWaiters = Waiters(on: runtime.loop.timers)
    let nonce = try runtime.loop.randomBytes(16).map { String($0, radix: 16) }.joined()
    let input = try Descriptors.makePipe()
    let output = try Descriptors.makePipe()
    carrier = try HostCarrier(
      reading: output.first, writing: input.second, on: runtime.loop,
      after: HostRecord.marker(nonce))
    engine = try EngineProcess(
      keeper.words, input: input.first, output: output.second, in: runtime)
    relays = KeeperRelays(
      to: parent, in: runtime.context, on: runtime.loop, over: carrier)
    gate = try HostGate(
      runtime.identity.gateways, .down(keeper.number), of: runtime.identity.pid,
      in: runtime.context, on: runtime.loop, over: carrier)
    try runtime.directory.announceGate(to: keeper.number, of: runtime.identity.pid)
    carrier.onFrame = { [unowned self] in receive($0) }
    carrier.onEnd = { [unowned self] in end(because: $0) }
    carrier.onRoom = { [unowned runtime] in runtime.loop.turnAgain() }
    engine.onEnd = { [weak self] in self?.engineEnded() }
    // Those two may outlive this one.
    runtime.output.onRoom = { [weak self] in self?.roomReturned() }
    try carrier.start()
    let record = HostRecord(
      host: runtime.identity.host.child(keeper.number), name: keeper.name, nonce: nonce,
      lease: Int64(keeper.lease.wholeMilliseconds)
    ).packed()
    carrier.sendPreamble(withUnsafeBytes(of: UInt32(record.count).bigEndian, Array.init) + record)
    let words = parent.edge.receiver(.messages)
    words.onItems = { [weak self] in self?.takeWords() }
    takeWords()
    sayAlive()
  }

  // MARK: The parent

  private func tell(_ verb: HostVerb) {
    try? runtime.parent?.edge.sender(.messages).post(verb.packed())
  }

  /// The parent ends a near half of which it hears nothing: one that is stopped.
  private func sayAlive() {
    guard !isOver else { return }
    // A parent that takes nothing has enough of them.
    if runtime.parent?.edge.sender(.messages).takesWithoutWaiting == true { tell(.alive) }
    _ = runtime.loop.timers.schedule(after: keeper.lease / 10) { [weak self] in self?.sayAlive() }
  }

  private func takeWords() {
    while let item = runtime.parent?.edge.receiver(.messages).take() {
      guard let verb = try? HostVerb(packed: item.withItem { Array($0) }) else { continue }
      switch verb {
      case .place, .signal: carrier.send(verb)
      default: break
      }
    }
  }

  // MARK: The far half

  private func receive(_ frame: HostFrame) {
    guard hello != nil || frame.kind == .hello else {
      return fail("it does not begin with a hello")
    }
    switch frame.kind {
    case .hello: introduce(frame.body)
    case .relay: HostGate.has(frame.stream) ? gate.receive(frame) : relays.receive(frame)
    case .ask:
      grant?.asked(at: .sinceBoot)
      carrier.send(HostFrame(.grant, body: [], number: frame.number, isUrgent: true))
    case .output:
      if let chunk = OutputChunk(item: frame.body) { runtime.output.pass(chunk) }
      if !runtime.output.hasRoom { hold(frame.body.count) }
    case .grant: fail("the host says what only this side says")
    case .verb:
      do throws(WireError) {
        receive(try HostVerb(packed: frame.body))
      } catch {
        fail(error.description)
      }
    }
  }

  /// Output has come that nobody takes at present.
  ///
  /// The link goes on: questions and everything else come over it.
  private func hold(_ count: Int) {
    waitingBytes += count
    guard waitingBytes < Self.mostAfterHold else {
      return fail("it sends output although it was told to hold it back")
    }
    guard !isHolding, waitingBytes > Self.mostWaiting else { return }
    isHolding = true
    carrier.send(.hold(true))
  }

  private func roomReturned() {
    waitingBytes = 0
    guard isHolding else { return }
    isHolding = false
    carrier.send(.hold(false))
  }

  private func introduce(_ bytes: [UInt8]) {
    guard hello == nil, let hello = try? HostHello(packed: bytes) else {
      return fail("its hello is none")
    }
    if let refusal = hello.refusal(in: runtime.identity.run.runID, besides: []) {
      return fail(refusal)
    }
    self.hello = hello
    if let refusal = ProtocolVersion.current.refusal(of: "the host", speaking: hello.version) {
      return fail(refusal)
    }
    let build = HostProcess.contentIdentity()
    guard hello.build == build else {
      code = .otherBuild
      return fail(
        "the program there is another build (\(hello.build)) than this one (\(build)): copy this "
          + "file to the host, the same file and not the same sources, or say where it is with "
          + "program:")
    }
    if !carrier.noise.isEmpty {
      tell(.noise(String(decoding: carrier.noise.prefix(200), as: UTF8.self)))
    }
    code = .over
    grant = HostGrant(lease: keeper.lease, at: .sinceBoot)
    checkGrant()
    tell(.up(hello: bytes))
  }

  private func receive(_ verb: HostVerb) {
    switch verb {
    case .started, .failed, .leftBehind: tell(verb)
    case .open(let stream, let child, let connection):
      do {
        try relays.open(stream, of: child, connection)
      } catch {
        carrier.send(.close(stream: stream))
      }
    case .close(let stream): HostGate.has(stream) ? gate.close(stream) : relays.close(stream)
    case .reach(let stream, let target): gate.reach(stream, target)
    case .ended(let child, let remains, _):
      tell(.ended(child: child, remains: remains, relays.relayed(of: child)))
    case .bye(let reason):
      end(because: reason.map { "its far half has ended: \($0)" } ?? "it has left")
    case .place, .signal, .end, .up, .noise, .alive, .hold:
      fail("the host says what only this side says")
    }
  }

  /// The far half has ended everything by the time at which its lease is over here.
  private func checkGrant() {
    guard let grant, !linkEnded else { return }
    let left = grant.limit - .sinceBoot
    guard left > .zero else {
      return fail("nothing has been heard of it for \(grant.silence(at: .sinceBoot).inShort)")
    }
    _ = runtime.loop.timers.schedule(after: left) { [weak self] in self?.checkGrant() }
  }

  private func fail(_ reason: String) {
    carrier.close()
    end(because: reason)
  }

  // MARK: The end

  /// Ends what runs there, and the connection.
  func end() {
    guard !isEnding, !linkEnded else { return }
    isEnding = true
    carrier.send(.end)
    _ = runtime.loop.timers.schedule(after: Self.endTime) { [weak self] in
      self?.fail("it did not leave in time")
    }
  }

  private func end(because reason: String) {
    guard !linkEnded else { return }
    linkEnded = true
    carrier.close()
    relays.closeAll()
    gate.end()
    if !isEnding { failure = HostError(code, host: keeper.name, reason) }
    guard !engine.hasEnded else { return finish() }
    _ = runtime.loop.timers.schedule(after: Self.engineTime) { [weak self] in self?.engine.kill() }
  }

  private func engineEnded() {
    guard linkEnded else {
      // What the far half has sent may be in the pipe still, whose end says that there is no more.
      _ = runtime.loop.timers.schedule(after: Self.engineTime) { [weak self] in
        self?.end(because: "the engine's command has ended")
      }
      return
    }
    finish()
  }

  private func finish() {
    guard !isFinishing else { return }
    isFinishing = true
    runtime.output.onRoom = nil
    runtime.parent?.edge.receiver(.messages).onItems = nil
    if let known = failure { failure = engine.verdict.explaining(known, of: keeper.words) }
    guard let hello else { return leave() }
    // On this machine, what ran on the host has come to this process.
    let stragglers = HostStragglers(of: hello.hostRun, in: runtime)
    waitForStragglers(stragglers, until: runtime.loop.timers.now.after(Self.endTime))
  }

  private func waitForStragglers(
    _ stragglers: HostStragglers, until deadline: SuspendingClock.Instant
  ) {
    guard stragglers.look(), runtime.loop.timers.now < deadline else {
      return leave()
    }
    _ = runtime.loop.timers.schedule(after: .milliseconds(5)) { [self] in
      waitForStragglers(stragglers, until: deadline)
    }
  }

  private func leave() {
    isOver = true
    overWaiters.resume(())
  }
}
