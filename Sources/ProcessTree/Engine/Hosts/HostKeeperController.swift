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

  /// How much output waits here before the far half is asked to hold it back, and the most that may
  /// come after that: output under way, and the last words of those that die meanwhile.
  private static let mostWaiting = 1 << 20
  private static let mostAfterHold = 64 << 20

  private let keeper: HostKeeper
  private unowned let runtime: NodeRuntime
  private let link: KeeperLink
  private var carrier: HostCarrier { link.carrier }
  private let relays: KeeperRelays
  private let gate: HostGate
  /// Why the host is over, unless that was asked for.
  private(set) var end: HostEnd?
  private(set) var isOver = false
  private var isFinishing = false
  private var isEnding = false
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
    link = try KeeperLink(keeper, in: runtime)
    relays = KeeperRelays(
      to: parent, in: runtime.context, on: runtime.loop, over: link.carrier)
    gate = try HostGate(
      runtime.identity.gateways, .down(keeper.number), of: runtime.identity.pid,
      in: runtime.context, on: runtime.loop, over: link.carrier)
    try runtime.directory.announceGate(to: keeper.number, of: runtime.identity.pid)
    link.onHello = { [unowned self] (hello, bytes, noise) throws(HostError) in
      try introduce(hello, bytes, noise)
    }
    link.onCut = { [unowned self] in tell(.cut(silence: Int64($0.wholeMilliseconds))) }
    link.onResumed = { [unowned self] in tell(.resumed(after: Int64($0.wholeMilliseconds))) }
    link.onOver = { [unowned self] in ended($0) }
    link.onIdle = { [weak self] in self?.finish() }
    carrier.onFrame = { [unowned self] in receive($0) }
    carrier.onRoom = { [unowned self] in
      takeWords()
      runtime.loop.turnAgain()
    }
    // Those two may outlive this one.
    runtime.output.onRoom = { [weak self] in self?.roomReturned() }
    let words = parent.edge.receiver(.messages)
    words.onItems = { [weak self] in self?.takeWords() }
    takeWords()
    sayAlive()
    try link.begin()
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
    while carrier.hasUrgentRoom, let item = runtime.parent?.edge.receiver(.messages).take() {
      guard let verb = try? HostVerb(packed: item.withItem { Array($0) }) else { continue }
      switch verb {
      case .place, .signal: carrier.send(verb)
      case .barrier: carrier.send(verb, isUrgent: false)
      case .suspend:
        link.suspend()
        carrier.send(verb)
      case .resume:
        link.resume()
        carrier.send(verb)
      default: break
      }
    }
  }

  // MARK: The far half

  private func receive(_ frame: HostFrame) {
    switch frame.kind {
    case .relay where FrameRelay.isOfThisHost(frame.body):
      link.giveUp(because: "the host speaks of rings with nodes of this side")
    case .relay: HostGate.has(frame.stream) ? gate.receive(frame) : relays.receive(frame)
    case .ask: link.answer(frame)
    case .output:
      if let chunk = OutputChunk(item: frame.body) { runtime.output.pass(chunk) }
      if !runtime.output.hasRoom { hold(frame.body.count) }
    case .hello, .grant, .received, .verdict:
      link.giveUp(because: "the host says what has no place there")
    case .verb:
      do throws(WireError) {
        receive(try HostVerb(packed: frame.body))
      } catch {
        link.giveUp(because: error.description)
      }
    }
  }

  /// Output has come that nobody takes at present.
  ///
  /// The link goes on: questions and everything else come over it.
  private func hold(_ count: Int) {
    waitingBytes += count
    guard waitingBytes < Self.mostAfterHold else {
      return link.giveUp(because: "it sends output although it was told to hold it back")
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

  private func introduce(
    _ hello: HostHello, _ bytes: [UInt8], _ noise: [UInt8]
  ) throws(HostError) {
    if let refusal = hello.refusal(in: runtime.identity.run.runID, besides: []) {
      throw HostError(.notReached, host: keeper.name, refusal)
    }
    if let refusal = ProtocolVersion.current.refusal(of: "the host", speaking: hello.version) {
      throw HostError(.notReached, host: keeper.name, refusal)
    }
    let build = HostProcess.contentIdentity()
    guard hello.build == build else {
      throw HostError(
        .otherBuild, host: keeper.name,
        "the program there is another build (\(hello.build)) than this one (\(build)): copy this "
          + "file to the host, the same file and not the same sources, or say where it is with "
          + "program:")
    }
    if !noise.isEmpty { tell(.noise(String(decoding: noise.prefix(200), as: UTF8.self))) }
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
    case .refused, .draining, .barrier: tell(verb)
    case .suspend: if link.isSuspended { tell(verb) }
    case .resume: if link.resumed() { tell(verb) }
    case .bye(let reason):
      link.end(
        .over, reason.map { "its far half has ended: \($0)" } ?? "it has left", .goodbye)
    case .place, .signal, .end, .up, .noise, .alive, .hold, .cut, .resumed:
      link.giveUp(because: "the host says what only this side says")
    }
  }

  // MARK: The end

  /// Ends what runs there, and the connection.
  func askToEnd() {
    guard !isEnding, !link.isOver else { return }
    isEnding = true
    carrier.send(.end)
    _ = runtime.loop.timers.schedule(after: Self.endTime) { [weak self] in
      // Its lease ends it, if nothing else does.
      self?.link.end(.over, "it did not leave in time")
    }
  }

  private func ended(_ end: HostEnd) {
    relays.closeAll()
    gate.end()
    // Only what was asked for needs no reason.
    if !isEnding || end.evidence != .goodbye { self.end = end }
    finish()
  }

  /// Leaves once nothing of the host is left here.
  private func finish() {
    guard link.isOver, link.isIdle, !isFinishing else { return }
    isFinishing = true
    runtime.output.onRoom = nil
    runtime.parent?.edge.receiver(.messages).onItems = nil
    if let error = end?.error { end?.error = link.explain(error) }
    guard let hello = link.hello else { return leave() }
    // On this machine, what ran on the host has come to this process.
    let stragglers = HostStragglers(of: hello.hostRun, in: runtime)
    guard stragglers.look() else { return leave() }
    stragglers.onEnd = { [self, unowned stragglers] in if !stragglers.look() { leave() } }
    _ = runtime.loop.timers.schedule(after: Self.endTime) { [self] in
      stragglers.onEnd = nil
      leave()
    }
  }

  private func leave() {
    guard !isOver else { return }
    isOver = true
    overWaiters.resume(())
  }
}
