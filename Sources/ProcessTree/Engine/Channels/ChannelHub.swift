internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// A node's data links and what goes over them: the streams of its edges, the ends of channels that
/// are used here, and the channels that are at home here.
///
/// Belongs to the loop. Values decide: `PeerTable` on links and peers, `OutstandingReceipts` on the
/// node's end, a `ChannelRoster` for each channel that is at home here.
final class ChannelHub {
  unowned let runtime: NodeRuntime
  var table = PeerTable()
  var peers: [PeerTable.LinkID: ChannelPeer] = [:]
  // Unchecked is what each frame touches, or each turn: a check costs 84 instructions, about 10 ns.
  @exclusivity(unchecked) var receipts = OutstandingReceipts()
  /// The pass that an introduction brings, while a link is opened for it.
  var passes: [NodePath: Pass] = [:]
  var listener: PeerListener?
  var homes: [UInt32: ChannelRoster] = [:]
  var senders: [TicketID: SenderCore] = [:]
  var receivers: [TicketID: ReceiverCore] = [:]
  /// The channels of the ends that are used here.
  var channels: [TicketID: ChannelID] = [:]
  /// Frames from this node to itself, and the link that they take.
  @exclusivity(unchecked) var loopback: [[UInt8]] = []
  @exclusivity(unchecked) var ownLink: PeerLink?
  /// Connectors in which the next look may find frames.
  @exclusivity(unchecked) private var readyConnectors: [PeerConnector] = []
  /// Rings that are looked at in each turn.
  @exclusivity(unchecked) var readyRings: [FrameRing] = []
  @exclusivity(unchecked) private var dirtySenders: [SenderCore] = []
  @exclusivity(unchecked) private var dirtyReceivers: [ReceiverCore] = []
  @exclusivity(unchecked) private var dirtyEdges: [EdgeStreams] = []
  private(set) var isEnding = false
  var workPlaces = WorkPlaces()
  var cycles = CycleWatch()
  /// The numbers of quarantined items of the senders' ends that the program has not taken.
  var quarantined: [TicketID: Int] = [:]

  init(of runtime: NodeRuntime) {
    self.runtime = runtime
  }

  var loop: EventLoop { runtime.loop }
  var address: PeerAddress { runtime.names.address }

  // MARK: A turn

  /// Receives what has arrived from other nodes, a turn's share.
  func receive() {
    listener?.receive()
    if !readyConnectors.isEmpty {
      let connectors = readyConnectors
      readyConnectors = []
      for connector in connectors {
        connector.receive()
        if connector.mayHaveFrames { readyConnectors.append(connector) }
      }
    }
    receiveFromRings()
    receiveLoopback()
  }

  /// A link has got a connector.
  func add(_ connector: PeerConnector) {
    readyConnectors.append(connector)
    connector.onReady = { [unowned self, unowned connector] in readyConnectors.append(connector) }
  }

  private func receiveLoopback() {
    guard !loopback.isEmpty else { return }
    let frames = loopback
    loopback = []
    // Without a link nobody waits for them.
    guard let link = ownLink else { return }
    for frame in frames { try? frame.withUnsafeBytes { try link.receive($0) } }
  }

  /// Hands what was sent and what goes back to the links.
  func flush() {
    if !dirtySenders.isEmpty {
      let senders = dirtySenders
      dirtySenders = []
      for sender in senders { sender.flush() }
    }
    if !dirtyReceivers.isEmpty {
      let receivers = dirtyReceivers
      dirtyReceivers = []
      for receiver in receivers { receiver.flush() }
    }
    if !dirtyEdges.isEmpty {
      let edges = dirtyEdges
      dirtyEdges = []
      for edge in edges { edge.flush() }
    }
    guard receipts.hasRequests else { return }
    for id in receipts.takeRequests() { peers[id]?.link.askForReceipt() }
  }

  /// Whether another turn is needed at once.
  var hasWork: Bool {
    !loopback.isEmpty || !dirtySenders.isEmpty || !dirtyReceivers.isEmpty || !dirtyEdges.isEmpty
      || receipts.hasRequests || !readyConnectors.isEmpty || !readyRings.isEmpty
      || listener?.mayHaveFrames ?? false
  }

  func markDirty(_ sender: SenderCore) { dirtySenders.append(sender) }

  func markDirty(_ receiver: ReceiverCore) { dirtyReceivers.append(receiver) }

  func markDirty(_ edge: EdgeStreams) { dirtyEdges.append(edge) }

  // MARK: The node's end

  /// The program has ended: sent elements are delivered, received ones without acknowledgement go
  /// back.
  func beginEnding() {
    guard !isEnding else { return }
    isEnding = true
    for sender in Array(senders.values) { letGo(sender: sender) }
    for receiver in Array(receivers.values) { letGo(receiver: receiver) }
    receipts.beginEnding()
    flush()
  }

  /// The node finishes the leased items that it has begun, and takes no more.
  func drain() {
    for receiver in receivers.values { receiver.drain() }
    flush()
  }

  /// A stop of the node was requested: it waits for nothing.
  func abandon() {
    for sender in senders.values { sender.close(.finished) }
    beginEnding()
  }

  /// Whether everything that was sent is known to have arrived, or is waited for no longer.
  var isSettled: Bool {
    senders.isEmpty
      && receipts.isSettled(at: loop.timers.now) {
        // The turn that the timer makes looks again.
        _ = loop.timers.schedule(after: $0) {}
      }
  }

  /// Closes the sockets, at the end of the root.
  func close() {
    listener?.close()
    for peer in peers.values {
      peer.connector?.close()
      peer.link.ring?.close()
    }
  }
}
