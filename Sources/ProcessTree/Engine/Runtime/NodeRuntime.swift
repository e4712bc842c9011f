internal import Glibc
internal import Logging
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// The effects of a node: its sockets, its children, its way up.
///
/// Belongs to the loop.
final class NodeRuntime {
  let loop: EventLoop
  let identity: NodeIdentity
  let shared: NodeShared
  /// What the node proves with who it is.
  let secret: NodeSecret
  /// The nodes that share this process, and this node's sockets, if they do.
  private(set) lazy var nodes = shared.nodes
  private(set) lazy var context =
    nodes.map { LinkContext($0.network, at: $0.network.station(of: identity.pid)) }
    ?? LinkContext(rings: ProcessRings(of: nil))
  let events: EventHub
  /// Nil at the root.
  private(set) var parent: ParentLink?
  /// What the node's subtree writes.
  private(set) lazy var output = NodeOutput(of: self)
  var forkServer: ForkServerClient?
  private(set) lazy var listeners = ChildListeners(of: self)
  /// The children that have been started and not yet been reaped.
  private(set) var controllers: [UInt32: ChildController] = [:]
  /// The hosts that this node has opened, by their number.
  var hosts: [UInt32: HostController] = [:]
  /// The supervisors whose children are not all gone.
  private(set) var supervisors: [SupervisorController] = []
  /// The addresses of the children, and the mailboxes that this node keeps for them.
  private(set) lazy var addresses = AddressBook(of: self)
  /// What the node has announced last.
  private var isUp: Bool?
  /// How the node renews its lease at its parent; nil if it has none.
  private(set) var renewal: LeaseRenewal?
  var reports = ReportThrottle()
  var isReportTimerArmed = false
  /// Log records for the parent, of this turn.
  var log = LogQueue()
  /// Processes that dead nodes left behind, killed and not yet reaped.
  var adopted: [Int32: ProcessHandle] = [:]
  /// The ends to make known once what the processes left behind has been looked for.
  var announcements: [() -> Void] = []
  /// Those that wait for all of it to be reaped.
  private(set) lazy var clearWaiters = Waiters<Void>(on: loop.timers)
  /// A process of the tree has been reaped, and what it left behind has not been looked for.
  var mayHaveRemains = false
  /// Children whose ends have been made known, and whose sockets may still be there.
  var departed: [(pid: Int32, saidGoodbye: Bool)] = []
  /// The external commands that run in this node.
  private(set) lazy var commands = CommandTable(
    on: loop, errorsThrough: { [unowned self] in output.root })
  /// Starts the stand-in for a child's process, in a rehearsal.
  var rehearsedProcess: ((ChildEnds.Inherited) throws -> any ChildProcess)?
  var hasAnnouncedSpawning = false
  /// Why there is no fork server, for the event that reports it.
  var spawningReason = "the program declares that it starts no children"
  var life: NodeLife<RecordedOutcome>
  var ending = NodeEnding()
  /// What the program wants to run at its end.
  let hooks: ExitHooks
  /// The request to drain, once there is one, and callers that wait for it.
  var drain: NodeDrain?
  private(set) lazy var drainWaiters = Waiters<Void>(on: loop.timers)
  /// Surrounds each stop of the process by Ctrl-Z.
  var suspension: (_ stop: () -> Void) -> Void = { $0() }
  /// The stop of the hosts that precedes such a stop, while it is under way.
  var suspending: HostSuspension?
  /// Nil in a node that shares its process: it would end with all others.
  private(set) lazy var memory =
    nodes == nil
    ? MemoryWatch(on: loop.timers) { [unowned self] in !controllers.isEmpty } : nil

  /// What the node names its channels by.
  let names: ChannelNames
  /// The node's data links and channels, from the first use on.
  private(set) var channels: ChannelHub?
  /// Callers that wait for the report of a death.
  private(set) lazy var deathWaiters = Waiters<Bool>(on: loop.timers)
  /// The root's hold on the run's directory, once that has been made; to be removed at the end.
  var place: RunPlace?

  /// Whether a control group of the run has been made, or cannot be made and need not; of the root.
  var isContained = false
  /// Where the root answers other processes; nil below it, and where it cannot listen.
  var desk: Desk?

  /// The limit on the whole tree's programs, where there is one; the root has no part in it.
  private(set) var slots: TreeLimitSlots?

  /// Keeps what the post-mortem of a run needs; nil below the root, and where none is wanted.
  var recorder: PostMortemRecorder?
  /// What the program's tasks wait for, beside channels.
  var noted = NotedWaits()
  /// When the end of the node went on to its present phase, or the stop was requested.
  var endingSince: SuspendingClock.Instant?

  private(set) lazy var directory = RunDirectory(path: identity.run.directory)

  init(
    _ identity: NodeIdentity, on loop: EventLoop, shared: NodeShared, secret: NodeSecret
  ) {
    self.identity = identity
    self.loop = loop
    self.shared = shared
    self.secret = secret
    names = ChannelNames(identity, shared, secret)
    hooks = ExitHooks(on: loop)
    life = NodeLife(
      of: identity.name, isRoot: identity.isRoot, cancelled: .cancelled, origin: identity.origin)
    let snapshot = NodeSnapshot(
      name: identity.name, path: identity.path.description, pid: identity.pid,
      parentPID: identity.parent?.pid, phase: .ready, children: [],
      incarnation: identity.incarnation, host: identity.placement?.name)
    events = EventHub(
      picture: SubtreePicture(of: snapshot, at: identity.path), hasParent: !identity.isRoot)
  }

  /// From now on, each turn of the loop exchanges frames; the runtime lives as long as the process.
  func beginExchange() {
    turnHook = loop.addTurnHook { [unowned self] in
      context.station?.isStopped == true ? false : exchangeFrames()
    }
  }

  private var turnHook: Int?
  /// The number of jobs after which the standard descriptors were looked at last.
  private var jobsSeen = UInt64.max

  /// Exchanges no more frames.
  func endExchange() {
    if let turnHook { loop.removeTurnHook(turnHook) }
    turnHook = nil
  }

  /// Lets go of all that the node held, once its loop has finished: a call of `exit()` that never
  /// returns keeps the node itself.
  func letGo() {
    renewal?.end()
    channels = nil
    parent = nil
    controllers = [:]
  }

  /// Whether the node is gone although its program may still be in memory.
  var hasVanished = false

  /// Gives a node below the root its way up.
  func attach(_ parent: ParentLink) {
    self.parent = parent
    parent.edge.onDirty = { [unowned self] in openChannels().markDirty($0) }
    parent.edge.onLinkNeeded = { [unowned self, unowned parent] in
      if !parent.askForLink() { openLinkToParent() }
    }
    output.attach(parent)
  }

  /// Opens the data link to the parent, which carries the edge's streams from then on.
  func openLinkToParent() {
    if let parent { _ = openChannels().peer(at: parent.address) }
  }

  /// The node's channels, which are made the first time.
  func openChannels() -> ChannelHub {
    if let channels { return channels }
    events.onDeath = { [unowned self] in deathWaiters.resume(false) }
    let made = ChannelHub(of: self)
    channels = made
    return made
  }

  /// Takes part in the limit on the whole tree's programs, where there is one; throws when that
  /// cannot be: a limit that was asked for is kept.
  func joinTreeLimit() throws(ProcessTreeError) {
    // A program that still runs after its node has gone takes no place from others.
    guard !identity.isRoot, !hasVanished, let limit = shared.configuration.treeLimit else { return }
    do throws(ProcessControlError) {
      if let nodes {
        slots = TreeLimitSlots(limit: max(1, limit), places: InProcessPlace(nodes), on: loop)
        return
      }
      slots = TreeLimitSlots(
        limit: max(1, limit), places: try SharedPlaces(in: directory, on: loop), on: loop)
    } catch {
      throw ProcessTreeError(
        .systemCallFailed, "The tree's limit of \(limit) programs cannot be kept: \(error)")
    }
  }

  // MARK: Frames

  /// A turn's exchange: takes what came, hands out what was sent; true when there is more to do.
  func exchangeFrames() -> Bool {
    // What the program has closed must not become a connection, into which it would print.
    if nodes == nil, loop.jobsRun != jobsSeen {
      jobsSeen = loop.jobsRun
      Descriptors.refillStandardDescriptors()
    }
    parent?.gather()
    removeSocketsOfDeparted()
    clearRemains()
    receiveFrames()
    if life.phase != .running { advance() }
    sendFrames()
    receiveFrames()
    if life.phase != .running { advance() }
    parent?.flush()
    leaveIfHandedOver()
    channels?.restRings()
    return hasFramesToExchange
  }

  /// Takes the frames that have come, a turn's share from each socket; control comes first.
  func receiveFrames() {
    parent?.receive()
    listeners.receive()
    channels?.receive()
  }

  /// Hands out what was sent, on edges and on channels.
  func sendFrames() {
    // Of what a program logs, more than a turn's worth is dropped; of events nothing is.
    let log = parent?.isCongested == true ? [] : log.take(at: identity.name)
    parent?.send(events: events.takeOutgoing(), log: log)
    channels?.flush()
    output.recheck()
  }

  private var hasFramesToExchange: Bool {
    if listeners.mayHaveFrames { return true }
    if let parent {
      if parent.hasFramesToExchange || events.hasOutgoing { return true }
      if !log.isEmpty, !parent.isCongested { return true }
    }
    return channels?.hasWork ?? false
  }

  // MARK: Children

  func controller(of child: AnyChild) -> ChildController? {
    controllers[child.declaration.position]
  }

  func add(_ controller: ChildController) {
    controllers[controller.child.declaration.position] = controller
    addresses.began(controller.child.declaration)
    shared.add(controller.child)
  }

  func add(_ supervisor: SupervisorController) { supervisors.append(supervisor) }

  func remove(_ supervisor: SupervisorController) { supervisors.removeAll { $0 === supervisor } }

  /// Reports to all nodes above that this node is up, or no longer up.
  func announce(isUp: Bool) {
    guard isUp != self.isUp else { return }
    self.isUp = isUp
    emitOwn(isUp ? .up : .down)
  }

  /// Begins to renew the lease at the parent.
  func renewLease(every period: Duration) {
    renewal = LeaseRenewal(every: period, on: loop.timers) { [unowned self] in parent?.send($0) }
  }

  /// The child that is the node at an address, as far as its process is known yet.
  func child(at node: PeerAddress) -> ChildController? {
    guard let position = node.path.positions.last, identity.path.child(position) == node.path,
      let controller = controllers[position], controller.life.phase != .exited,
      controller.process.map({ $0.pid == node.pid }) ?? true,
      node.host == controller.host?.path ?? identity.host
    else { return nil }
    return controller
  }

  /// The process that connects in the place of a node on another host, 0 if there is none; nil for
  /// a node of this host.
  func carrier(of node: PeerAddress) -> Int32? {
    guard node.host != identity.host else { return nil }
    return identity.gateways.gate(to: node.host)?.pid ?? 0
  }

  func remove(_ controller: ChildController) {
    controllers[controller.child.declaration.position] = nil
    shared.remove(controller.child)
  }

  /// Makes the run's directory, should that have failed when the root began.
  func makeDirectory() throws {
    guard identity.isRoot, place == nil, nodes == nil else { return }
    place = try directory.make(for: identity.run.runID)
  }

  func noteRefusal(_ reason: String) {
    // One event stands for many: a flood of strangers must not become a flood of events.
    refusals += 1
    guard refusals.nonzeroBitCount == 1 else { return }
    emitOwn(.connectionRefused(reason: "\(reason) (\(refusals) so far)"))
  }

  private var refusals = 0
}
