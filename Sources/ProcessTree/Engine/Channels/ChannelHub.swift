internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// A node's data links and what goes over them: the streams of its edges, the ends of channels that are
/// used here, and the channels that are at home here.
///
/// Belongs to the loop.
final class ChannelHub {
  unowned let runtime: NodeRuntime
  /// Links that this node opened, and those that were opened to it.
  var outbound: [NodeAddress: ChannelPeer] = [:]
  var inbound: [NodeAddress: ChannelPeer] = [:]
  var listener: PeerListener?
  var homes: [UInt32: ChannelRoster] = [:]
  var senders: [TicketID: SenderCore] = [:]
  var receivers: [TicketID: ReceiverCore] = [:]
  /// Where the ends used here are at home.
  var channels: [TicketID: ChannelID] = [:]
  /// Frames from this node to itself.
  var loopback: [[UInt8]] = []
  /// Connectors of links in which the next look may find something.
  private var readyConnectors: [PeerConnector] = []
  /// Links of which not all that was sent is known to have come.
  private var unsettled: [ObjectIdentifier: PeerLink] = [:]
  /// Those of them whose peers are to be asked what has come, at the end of the node.
  private var unasked: [PeerLink] = []
  private var dirtySenders: [SenderCore] = []
  private var dirtyReceivers: [ReceiverCore] = []
  private var dirtyEdges: [EdgeStreams] = []
  private(set) var isEnding = false
  /// Where receivers note what they work on; as many pages as they need.
  var workPages: [WorkPage] = []
  /// The place of each receiver: a page, and a slot on it.
  var workSlots: [TicketID: WorkPlace] = [:]
  /// Places that receivers have left.
  var freeWorkPlaces: [WorkPlace] = []
  var cycles = CycleWatch()
  /// How many items that killed their consumers each sender's end has put aside, untaken.
  var quarantined: [TicketID: Int] = [:]

  init(of runtime: NodeRuntime) {
    self.runtime = runtime
  }

  var loop: EventLoop { runtime.loop }
  var address: NodeAddress { runtime.names.address }

  // MARK: A turn

  /// Takes what has come from other nodes, a turn's share.
  func receive() {
    listener?.receive()
    let connectors = readyConnectors
    readyConnectors = []
    for connector in connectors {
      connector.receive()
      if connector.mayHaveFrames { readyConnectors.append(connector) }
    }
    receiveLoopback()
  }

  /// A connector of a link was made.
  func add(_ connector: PeerConnector) {
    readyConnectors.append(connector)
    connector.onReady = { [unowned self, unowned connector] in readyConnectors.append(connector) }
  }

  private func receiveLoopback() {
    guard !loopback.isEmpty, let link = outbound[address]?.link else { return }
    let frames = loopback
    loopback = []
    for frame in frames { try? frame.withUnsafeBytes { try link.receive($0) } }
  }

  /// Hands out what was sent and what goes back.
  func flush() {
    let senders = dirtySenders
    dirtySenders = []
    for sender in senders { sender.flush() }
    let receivers = dirtyReceivers
    dirtyReceivers = []
    for receiver in receivers { receiver.flush() }
    let edges = dirtyEdges
    dirtyEdges = []
    for edge in edges { edge.flush() }
    let links = unasked
    unasked = []
    for link in links { link.askForReceipt() }
  }

  /// Whether another turn is needed at once.
  var hasWork: Bool {
    !loopback.isEmpty || !dirtySenders.isEmpty || !dirtyReceivers.isEmpty || !dirtyEdges.isEmpty
      || !unasked.isEmpty || !readyConnectors.isEmpty || listener?.mayHaveFrames ?? false
  }

  func markDirty(_ sender: SenderCore) { dirtySenders.append(sender) }

  func markDirty(_ receiver: ReceiverCore) { dirtyReceivers.append(receiver) }

  func markDirty(_ edge: EdgeStreams) { dirtyEdges.append(edge) }

  // MARK: The node's end

  /// The program has ended: what was sent is delivered, what was received and not acknowledged goes
  /// back.
  func beginEnding() {
    guard !isEnding else { return }
    isEnding = true
    for sender in Array(senders.values) { letGo(sender: sender) }
    for receiver in Array(receivers.values) { letGo(receiver: receiver) }
    unasked += unsettled.values
    flush()
  }

  /// The node has been asked to stop: nothing is waited for.
  func abandon() {
    for sender in senders.values { sender.close(.finished) }
    beginEnding()
  }

  /// How long receipts are waited for once no sender has anything left.
  private static let receiptTime: Duration = .seconds(10)
  private var receiptsEnd: SuspendingClock.Instant?

  /// Whether all that was sent is known to have arrived, or is waited for no longer.
  ///
  /// Elements are waited for as long as somebody lives who can take them. What is left then are words
  /// of which this node's end tells as much: a peer that is stopped need not hold it back.
  var isSettled: Bool {
    guard senders.isEmpty else { return false }
    guard !unsettled.isEmpty else { return true }
    if let receiptsEnd { return loop.timers.now > receiptsEnd }
    receiptsEnd = loop.timers.now + Self.receiptTime
    // The turn that this makes looks again.
    _ = loop.timers.schedule(after: Self.receiptTime + .milliseconds(1)) {}
    return false
  }

  /// All that was sent over a link is known to have come, or not any more.
  func noteSettled(_ link: PeerLink, _ isSettled: Bool) {
    unsettled[ObjectIdentifier(link)] = isSettled ? nil : link
    if !isSettled { askWhenEnding(link) }
  }

  /// At the end of the node the peer is asked for what it would say only later.
  func askWhenEnding(_ link: PeerLink) {
    if isEnding, unsettled[ObjectIdentifier(link)] != nil { unasked.append(link) }
  }

  /// Closes the sockets, at the end of the root.
  func close() {
    listener?.close()
    for peer in outbound.values { peer.connector?.close() }
  }
}
