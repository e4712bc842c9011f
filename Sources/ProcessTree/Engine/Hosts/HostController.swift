internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// What a node holds of a host that it has opened: its near half, which is a child of this node,
/// and the children that run there.
///
/// Belongs to the loop.
final class HostController {
  /// How long the children there may take for their end beyond the times of their policies.
  private static let stopMargin: Duration = .seconds(8)
  /// How long a far half without children may take to leave; it does by itself when nobody reaches
  /// it for so long.
  private static let leavingTime: Duration = .seconds(5)

  let number: UInt32
  /// Where the host is.
  let path: HostPath
  let name: String
  private let way: HostWay
  unowned let runtime: NodeRuntime
  private var keeper: ChildController?
  /// The process of the near half, which connects in the place of the children there.
  var keeperPID: Int32? { keeper?.process?.pid }
  /// How the far half introduced itself.
  private(set) var hello: HostHello?
  /// When it is over, and why.
  private var conclusion: HostConclusion
  var failure: HostError? { conclusion.failure }
  /// What ends the far half if the near half has ended without it.
  private var fence: HostFence?
  var watch: KeeperWatch
  var isOver: Bool { conclusion.isOver }
  /// Whether its near half has ended, so that the children there are lost or soon will be.
  var isBeingLost: Bool { isOver || fence != nil }
  /// Whether it is over and no command of it runs here.
  var isGone: Bool { isOver && fence?.isIdle ?? true }
  private var isClosing = false
  /// Whether it ends soon, so that nothing is to be started there.
  private(set) var isDraining = false
  /// Called when the far half has heard all that was sent before, by the numbers of the words for
  /// that.
  var barriers: [Int64: () -> Void] = [:]
  /// Called once all that runs there is stopped, as the run is to be.
  var onSuspended: (() -> Void)?
  /// The children there, by their position, from the request to start them on.
  private(set) var placed: [UInt32: ChildController] = [:]
  /// Their addresses.
  private var addresses: Set<String> = []
  /// What stops the near half once no child is there any more.
  private var laterStop: (request: StopRequest, policy: StopPolicy?)?
  /// Callers that wait until the host is up or over, and until it is gone.
  let knownWaiters: Waiters<Void>
  let goneWaiters: Waiters<Void>
  /// The state that any thread may read.
  let shared: OpenHost.Shared
  /// The handle of the scope that has opened it.
  weak var handle: OpenHost?

  init(
    _ number: UInt32, _ host: Host, _ way: HostWay, in runtime: NodeRuntime, shared: OpenHost.Shared
  ) {
    self.number = number
    path = runtime.identity.host.child(number)
    self.way = way
    name = host.name
    conclusion = HostConclusion(of: host.name)
    watch = KeeperWatch(lease: host.lease, at: .sinceBoot)
    self.runtime = runtime
    self.shared = shared
    knownWaiters = Waiters(on: runtime.loop.timers)
    goneWaiters = Waiters(on: runtime.loop.timers)
  }

  /// The place that children there are informed of.
  var placement: Placement {
    Placement(
      host: path, name: name, build: runtime.identity.build, parent: runtime.names.address)
  }

  /// Whether it is in use, and can be suspended for a while.
  var canStop: Bool { !isClosing && !isOver && fence == nil && hello != nil }

  /// Whether nothing is heard of it at present, although it may go on.
  private(set) var isCut = false {
    didSet { if canStop, !isDraining { shared.set(isCut ? .cut : .up) } }
  }

  // MARK: Opening and closing

  /// The near half has started: from now on its words are taken.
  func begin(_ keeper: ChildController) {
    self.keeper = keeper
    keeper.keeps = self
    keeper.edge.receiver(.messages).onItems = { [weak self] in self?.takeWords() }
    takeWords()
    watch.heard(at: .sinceBoot)
    lookAtKeeper()
  }

  /// Looks whether the near half goes on: all that ends here waits for it.
  private func lookAtKeeper() {
    guard !isOver, !conclusion.hasSurrendered else { return }
    switch watch.look(at: .sinceBoot) {
    case .again(let time):
      _ = runtime.loop.timers.schedule(after: time) { [weak self] in self?.lookAtKeeper() }
    case .over(let silence):
      surrender("its near half has said nothing for \(silence.inShort): it is stopped, or it hangs")
    }
  }

  /// Kills the near half, with whose end the host is over.
  private func surrender(_ reason: String) { conclude(.surrendered(reason: reason)) }

  /// Stops the children there, and then the host.
  func close(because reason: String) {
    guard !isClosing, !isOver else { return }
    isClosing = true
    shared.set(.closing)
    let request = runtime.identity.stopRequest(because: reason)
    for (_, controller) in placed.sorted(by: { $0.key > $1.key }) {
      controller.handle(.stop(.drain, request, within: nil))
    }
    laterStop = (request, nil)
    limitStop(within: nil)
    stopIfEmpty()
  }

  /// Whether the near half is stopped later, once no child is there any more.
  func endsLater(_ request: StopRequest, within policy: StopPolicy?) -> Bool {
    guard !placed.isEmpty, !isOver else { return false }
    laterStop = laterStop ?? (request, policy)
    limitStop(within: policy)
    return true
  }

  /// Whatever happens there: children whose end nobody reports in time are lost, with their host.
  private func limitStop(within policy: StopPolicy?) {
    let usual = runtime.shared.configuration.stopPolicy
    let times = placed.values.map { ($0.child.declaration.stopPolicy ?? usual).total }
    guard let longest = times.max() else { return }
    let time = min(longest, policy?.total ?? longest).saturatingAdding(Self.stopMargin)
    _ = runtime.loop.timers.schedule(after: time) { [weak self] in
      guard let self, !placed.isEmpty else { return }
      surrender("it did not say in time that its children have ended")
    }
  }

  private func stopIfEmpty() {
    guard placed.isEmpty, let laterStop, let keeper else { return }
    keeper.handle(.stop(.ask, laterStop.request, within: laterStop.policy))
  }

  // MARK: Children

  /// Requests the start of a child there.
  func launch(_ controller: ChildController) throws {
    guard canStop, !isDraining, let carrier = keeperPID else {
      let reason =
        conclusion.loss?.reason ?? (isDraining ? "it ends soon" : "it has been closed")
      return controller.handle(.couldNotStart("its host \(name) is over: \(reason)"))
    }
    let endpoints = try runtime.listeners.open()
    for ticket in controller.child.tickets {
      try runtime.openChannels().prepareToSend(ticket)
    }
    try runtime.listeners.expect(
      controller.child.declaration, attempt: controller.attempt, carrier: carrier)
    let record = try runtime.startingRecord(of: controller, endpoints)
    let secret = runtime.secret(of: controller).withUnsafeBytes { Array($0) }
    let position = controller.child.declaration.position
    runtime.output.expectRelayed(controller)
    placed[position] = controller
    addresses.insert(controller.child.address.description)
    shared.set(placed: placed.count)
    tell(.place(child: position, record: record.packed(), secret: secret))
  }

  /// A child's end has been made known.
  func ended(_ child: AnyChild) {
    placed[child.declaration.position] = nil
    addresses.remove(child.address.description)
    shared.set(placed: placed.count)
    stopIfEmpty()
  }

  /// Whether a piece of output is of a child there, for which the near half passes it on.
  func speaks(for chunk: OutputChunk) -> Bool {
    chunk.isFrom(oneOf: addresses)
  }

  // MARK: Words

  /// Sends a verb to the near half.
  func tell(_ verb: HostVerb) {
    // If it has gone, so has the subject of the verb.
    try? keeper?.edge.sender(.messages).post(verb.packed())
  }

  private func takeWords() {
    while let item = keeper?.edge.receiver(.messages).take() {
      watch.heard(at: .sinceBoot)
      do throws(WireError) {
        take(try HostVerb(packed: item.withItem { Array($0) }))
      } catch {
        if let keeper {
          runtime.emit(.messageRejected(reason: error.description), about: keeper.child)
        }
      }
    }
  }

  private func take(_ verb: HostVerb) {
    switch verb {
    case .up(let bytes): cameUp(bytes)
    case .noise(let text):
      guard let keeper else { return }
      let reason = "before the program on host \(name) began, something wrote: \(text)"
      runtime.emit(.messageRejected(reason: reason), about: keeper.child)
    case .started(let position, let pid):
      guard let controller = placed[position], controller.process == nil else { return }
      controller.started(PlacedProcess(pid, at: position, on: self))
    case .failed(let position, let reason):
      placed[position]?.handle(.couldNotStart("on host \(name): \(reason)"))
    case .leftBehind(let position, let pid, let command):
      guard let controller = placed[position] else { return }
      runtime.emit(.leftBehind(pid: pid, command: command), about: controller.child)
    case .ended(let position, let remains, let relayed): ended(position, remains, relayed)
    case .cut(let silence):
      isCut = true
      emit(.hostCut(host: name, silence: .milliseconds(max(0, silence))))
    case .resumed(let time):
      isCut = false
      emit(.hostResumed(host: name, after: .milliseconds(max(0, time))))
    case .refused(let count):
      emit(
        .connectionRefused(
          reason: "Host \(name) has refused \(count) connections without its secret."))
    case .draining(let time): drain(within: .milliseconds(max(0, time)))
    case .suspend: suspended()
    case .resume: resumed()
    case .barrier(let number): barriers.removeValue(forKey: number)?()
    case .place, .signal, .open, .reach, .close, .end, .bye, .alive, .hold: break
    }
  }

  /// The host ends soon: what runs there finishes what it has begun, as far as it can.
  private func drain(within time: Duration) {
    guard canStop, !isDraining else { return }
    isDraining = true
    shared.set(.draining)
    emit(.hostDraining(host: name, within: time))
    let request = runtime.identity.stopRequest(because: "its host \(name) ends soon")
    for (_, controller) in placed.sorted(by: { $0.key > $1.key })
    where controller.child.declaration.drainsWithHost {
      // A child that does not drain is asked to stop before that.
      controller.handle(.drain(request, within: time / 5 * 4))
    }
  }

  private func emit(_ event: LifecycleEvent.Kind) {
    if let keeper { runtime.emit(event, about: keeper.child) }
  }

  private func cameUp(_ bytes: [UInt8]) {
    guard hello == nil, let hello = try? HostHello(packed: bytes) else { return }
    let others = runtime.hosts.values.compactMap { $0 === self ? nil : $0.hello?.hostRun }
    if let refusal = hello.refusal(in: runtime.identity.run.runID, besides: others) {
      return surrender(refusal)
    }
    self.hello = hello
    conclude(.cameUp)
    shared.set(processors: hello.processors)
    shared.set(.up)
    emit(.hostUp(host: name))
    knownWaiters.resume(())
  }

  // MARK: Ends

  /// The near half has ended: from now on nothing of the host is heard.
  func keeperEnded(_ report: ExitReport, _ outcome: RecordedOutcome?) {
    let wasAsked = isClosing || laterStop != nil || report.cause.isStop
    conclude(
      .keeperEnded(
        HostConclusion.Answer(outcome), cause: "\(report.cause)", wasAsked: wasAsked,
        children: placed.count))
  }

  private func conclude(_ event: HostConclusion.Event) {
    switch conclusion.handle(event) {
    case .kill: try? keeper?.process?.send(SIGKILL)
    case .fence(let isEmpty): beginFence(isEmpty: isEmpty)
    case .over(let loss): over(loss)
    case nil: break
    }
  }

  private func beginFence(isEmpty: Bool) {
    guard let hello else { return }
    // Its end is reported about the near half, which has ended already.
    if let keeper { runtime.events.keepOpen(keeper.child.declaration.path) }
    shared.set(.closing)
    let attempts = AttachAttempts(way.command.attachWords, to: hello, way.secret, in: runtime)
    let limit = isEmpty ? min(watch.limit, .sinceBoot + Self.leavingTime) : watch.limit
    let made = HostFence(attempts, until: limit, on: runtime.loop)
    fence = made
    made.onOver = { [weak self] in
      if let self { conclude(.found($0, children: placed.count)) }
    }
    made.onIdle = { [weak self] in if let self, isGone { goneWaiters.resume(()) } }
    made.begin()
  }

  /// Nothing of the host runs any more: what ran there is lost.
  private func over(_ loss: HostLoss?) {
    if let loss { emit(.hostOver(loss)) }
    if let keeper, fence != nil { runtime.events.close(keeper.child.declaration.path) }
    shared.set(.over(loss))
    let loss = loss ?? HostLoss(host: name, evidence: .goodbye, reason: "it has been closed")
    for (_, controller) in placed.sorted(by: { $0.key > $1.key }) {
      guard let process = controller.placed else {
        controller.handle(.couldNotStart("its host \(name) is over: \(loss.reason)"))
        continue
      }
      process.lost(loss)
    }
    for body in barriers.values { body() }
    barriers = [:]
    keeper = nil
    runtime.directory.removeGate(to: number)
    runtime.hosts[number] = nil
    if let hello { HostStragglers(of: hello.hostRun, in: runtime).lookForSome() }
    knownWaiters.resume(())
    if isGone { goneWaiters.resume(()) }
  }
}
