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
  /// The socket on which children connect, and what they are told of it and of that for data links.
  struct Listeners {
    let control: EdgeListener
    let endpoints: BootstrapRecord.Endpoints
  }

  let loop: EventLoop
  let identity: NodeIdentity
  let shared: NodeShared
  let runSecret: [UInt8]
  /// The nodes that share this process, and this node's sockets, if they do.
  private(set) lazy var nodes = shared.nodes
  private(set) lazy var context = nodes.map { LinkContext($0.network) } ?? LinkContext()
  let events: EventHub
  /// Nil at the root.
  private(set) var parent: ParentLink?
  private(set) var output: (any OutputSink)?
  var forkServer: ForkServerClient?
  private(set) var listeners: Listeners?
  /// The children that have been started and not yet been reaped.
  private(set) var controllers: [UInt32: ChildController] = [:]
  var reports = ReportThrottle()
  var isReportTimerArmed = false
  /// Log records for the parent, of this turn.
  var log: [[UInt8]] = []
  var droppedLogRecords = 0
  /// Processes that dead nodes left behind, killed and not yet reaped.
  var adopted: [Int32: ProcessHandle] = [:]
  /// What waits for all of those to be reaped.
  var whenClear: [() -> Void] = []
  /// The external commands that run in this node.
  private(set) lazy var commands = CommandTable(
    on: loop, errorsThrough: { [unowned self] in output as? RootOutput })
  var hasAnnouncedSpawning = false
  /// Why there is no fork server, for the event that says so.
  var spawningReason = "the program declares that it starts no children"
  var ending = NodeEnding()
  /// Surrounds each stop of the process by Ctrl-Z.
  var suspension: (_ stop: () -> Void) -> Void = { $0() }
  /// The kernel's count of out-of-memory kills, watched while there are children.
  var memoryKills = MemoryKills()
  var isMemoryWatched = false

  /// What the node names its channels by.
  let names: ChannelNames
  /// The node's data links and channels, from the first use on.
  private(set) lazy var channels: ChannelHub = {
    hasChannels = true
    return ChannelHub(of: self)
  }()
  private(set) var hasChannels = false
  /// The root's hold on the run's directory, once that has been made; to be removed at the end.
  var place: RunPlace?

  /// The limit on the whole tree's programs, where there is one; the root has no part in it.
  private(set) var slots: TreeSlots?

  private(set) lazy var directory = RunDirectory(path: identity.run.directory)

  init(
    _ identity: NodeIdentity, on loop: EventLoop, shared: NodeShared, runSecret: [UInt8]
  ) {
    self.identity = identity
    self.loop = loop
    self.shared = shared
    self.runSecret = runSecret
    names = ChannelNames(identity, shared)
    let snapshot = NodeSnapshot(
      name: identity.name, path: identity.path.description, pid: identity.pid,
      parentPID: identity.parent?.pid, phase: .ready, children: [])
    events = EventHub(
      picture: SubtreePicture(of: snapshot, at: identity.path), hasParent: !identity.isRoot)
  }

  /// From now on, each turn of the loop exchanges frames; the runtime lives as long as the process.
  func beginExchange() {
    turnHook = loop.addTurnHook { [unowned self] in exchangeFrames() }
  }

  private var turnHook: Int?

  /// Exchanges no more frames.
  func endExchange() {
    if let turnHook { loop.removeTurnHook(turnHook) }
    turnHook = nil
  }

  /// Whether the node is gone although its program may still be in memory.
  var hasVanished = false

  /// Gives a node below the root its way up.
  func attach(_ parent: ParentLink) {
    self.parent = parent
    parent.edge.onDirty = { [unowned self] in channels.markDirty($0) }
    parent.edge.onLinkNeeded = { [unowned self] in openLinkToParent() }
    output = ParentOutput(parent.edge.sender(.output))
    output?.onRoom = { [unowned self] in resumeStreams() }
  }

  /// Opens the data link to the parent, over which the edge's streams go from then on.
  func openLinkToParent() {
    if let parent { _ = channels.peer(at: parent.address) }
  }

  private func outputSink() throws -> any OutputSink {
    if let output { return output }
    let root = try RootOutput(on: loop) { [shared] in shared.configuration.output }
    root.onRoom = { [unowned self] in
      resumeStreams()
      commands.errors.onRoom?()
    }
    root.onFailure = { [unowned self] in outputFailed($0) }
    output = root
    return root
  }

  private func resumeStreams() {
    for controller in controllers.values {
      takeOutput(of: controller)
      controller.streams?.resume()
    }
  }

  /// Takes part in the limit on the whole tree's programs, where there is one; throws when that
  /// cannot be: a limit that was asked for is kept.
  func joinTreeLimit() throws(ProcessTreeError) {
    guard !identity.isRoot, let limit = shared.configuration.treeLimit else { return }
    do throws(ProcessControlError) {
      if let nodes {
        slots = TreeSlots(limit: max(1, limit), places: InProcessPlace(nodes), on: loop)
        return
      }
      slots = try TreeSlots(limit: max(1, limit), path: directory.path + "/slots", on: loop)
    } catch {
      throw ProcessTreeError(
        .systemCallFailed, "The tree's limit of \(limit) programs cannot be kept: \(error)")
    }
  }

  // MARK: Frames

  /// A turn's exchange: takes what came, hands out what was sent; true when there is more to do.
  func exchangeFrames() -> Bool {
    // What the program has closed must not become a connection, into which it would print.
    Descriptors.refillStandardDescriptors()
    receiveFrames()
    sendFrames()
    receiveFrames()
    if ending.isWaiting { continueEnding() }
    return hasFramesToExchange
  }

  /// Takes the frames that have come, a turn's share from each socket; control comes first.
  func receiveFrames() {
    parent?.receive()
    listeners?.control.receive()
    if hasChannels { channels.receive() }
  }

  /// Hands out what was sent, on edges and on channels.
  func sendFrames() {
    parent?.send(events: events.takeOutgoing(), log: takeLog())
    if hasChannels { channels.flush() }
    output?.recheck()
  }

  private var hasFramesToExchange: Bool {
    if let listeners, listeners.control.mayHaveFrames { return true }
    if let parent, parent.hasFramesToExchange || events.hasOutgoing || !log.isEmpty { return true }
    return hasChannels && channels.hasWork
  }

  func takeLog() -> [[UInt8]] {
    defer {
      log = []
      droppedLogRecords = 0
    }
    guard droppedLogRecords > 0 else { return log }
    let record = LogRecord(
      node: identity.name, label: "process-tree.node", level: .warning,
      message: "log records were dropped: they came faster than they could be sent",
      metadata: ["count": "\(droppedLogRecords)"], source: "ProcessTree", file: #file,
      function: #function, line: #line)
    return log + [record].compactMap { try? $0.encoded() }
  }

  // MARK: Children

  func controller(of child: AnyChild) -> ChildController? {
    controllers[child.specification.position]
  }

  func add(_ controller: ChildController) {
    controllers[controller.child.specification.position] = controller
    shared.add(controller.child)
  }

  func remove(_ controller: ChildController) {
    let position = controller.child.specification.position
    controllers[position] = nil
    for connection in EdgeConnection.allCases { awaited[connection]?.remove(position) }
    shared.remove(controller.child)
  }

  /// The child that is the node at an address, as far as its process is known yet.
  func child(at node: NodeAddress) -> ChildController? {
    guard let position = node.path.positions.last, identity.path.child(position) == node.path,
      let controller = controllers[position], controller.lifecycle.phase != .exited,
      controller.process.map({ $0.pid == node.pid }) ?? true
    else { return nil }
    return controller
  }

  /// The connections of a child to its parent.
  private enum EdgeConnection: CaseIterable {
    case control
    case link
  }

  /// The children whose connection of each kind is still to come, and has a descriptor kept for it.
  private var awaited: [EdgeConnection: Set<UInt32>] = [:]

  /// A child has opened the data link.
  func linkCame(to controller: ChildController) {
    awaited[.link]?.remove(controller.child.specification.position)
  }

  /// Makes sure of the descriptors for a child, and for the connections of all that have been started.
  func reserveDescriptors(for position: UInt32) throws {
    for connection in EdgeConnection.allCases {
      awaited[connection, default: []].insert(position)
    }
    let connections = awaited.values.reduce(0) { $0 + $1.count }
    do {
      try FreeDescriptors.demand(
        ChildEnds.descriptors + connections + EdgeListener.descriptorReserve, for: "another child")
    } catch {
      for connection in EdgeConnection.allCases { awaited[connection]?.remove(position) }
      throw error
    }
  }

  /// Opens the sockets for children, the first time that one is started.
  func openListeners() throws -> Listeners {
    if let listeners { return listeners }
    try makeDirectory()
    // A child that is not let in by its start deadline could not start: no need to give up for it.
    let handlers = EdgeListener.Handlers(
      admitted: { [unowned self] position, _ in admitted(position) },
      frame: { [unowned self] position, frame in receive(position, frame) },
      broken: { [unowned self] position in
        guard let controller = controllers[position] else { return }
        connectionBroke(of: controller, "control", "a message that is not one frame")
      },
      refused: { [unowned self] reason in noteRefusal(reason) })
    let path = directory.socket(of: identity.pid, "c")
    // A node with this pid may have died and left its socket.
    if nodes == nil { unlink(path) }
    try channels.listen()
    let made = Listeners(
      control: try EdgeListener(
        at: path, build: identity.build, in: context, on: loop, handlers: handlers),
      endpoints: .init(control: context.endpoint(at: path), links: names.address.endpoint))
    listeners = made
    return made
  }

  /// Takes all that has come from children, for one that has died: there will be no other time.
  func receiveLastFrames() {
    listeners?.control.receiveAll()
    if hasChannels { channels.listener?.receiveAll() }
  }

  /// Makes the run's directory, should that have failed when the root began.
  func makeDirectory() throws {
    guard identity.isRoot, place == nil, nodes == nil else { return }
    place = try directory.make(for: identity.run.runID)
  }

  /// Closes the sockets for children at the end of the root.
  func closeListeners() {
    listeners?.control.close()
    if hasChannels { channels.close() }
  }

  private func admitted(_ position: UInt32) {
    awaited[.control]?.remove(position)
    guard let controller = controllers[position] else { return }
    controller.afterStart {
      controller.send(.welcome(.current))
      controller.connected()
    }
  }

  private func receive(_ position: UInt32, _ frame: UnsafeRawBufferPointer) {
    guard let controller = controllers[position] else { return }
    do throws(WireError) {
      let message = try ControlMessage(frame: Array(frame))
      controller.afterStart { controller.receive(message) }
    } catch {
      // A message that is not known may be a later version's; text is nobody's.
      guard !ControlMessage.begins(frame) else {
        return controller.noteViolation(error.description)
      }
      connectionBroke(of: controller, "control", error.description)
    }
  }

  /// What came over a child's connection is none of its frames: where the next one begins is not known.
  func connectionBroke(of controller: ChildController, _ kind: String, _ reason: String) {
    controller.noteViolation(reason)
    controller.endBrokenChild(
      "its \(kind) connection broke the protocol (\(reason)): does it write to descriptors that are "
        + "not its own?")
  }

  func noteRefusal(_ reason: String) {
    // One event stands for many: a flood of strangers must not become a flood of events.
    refusals += 1
    guard refusals.nonzeroBitCount == 1 else { return }
    emitOwn(.connectionRefused(reason: "\(reason) (\(refusals) so far)"))
  }

  private var refusals = 0

  /// The null device, opened with the first child and kept.
  func nullDevice() throws -> Int32 {
    if let null { return null }
    let opened = try Descriptors.openNull()
    null = opened
    return opened
  }

  private var null: Int32?

  /// Makes the streams of a child, whose subtree's output this node then passes on.
  func makeStreams(for controller: ChildController, output: Int32, error: Int32) throws {
    let sink = try outputSink()
    controller.streams = try ChildStreams(
      of: controller.child.name, output: output, error: error, sink: sink, on: loop)
    controller.edge.receiver(.output).onItems = { [weak self, weak controller] in
      guard let self, let controller else { return }
      takeOutput(of: controller)
    }
  }

  /// Passes on what a child's subtree has written, as long as there is room.
  func takeOutput(of controller: ChildController, all: Bool = false) {
    // Made with the first child's streams.
    guard let sink = output else { return }
    let stream = controller.edge.receiver(.output)
    while all || sink.hasRoom, let item = stream.take() {
      guard let chunk = OutputChunk(item: item.withItem { Array($0) }) else { continue }
      sink.write(chunk)
    }
  }
}
