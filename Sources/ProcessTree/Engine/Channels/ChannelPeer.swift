internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// Another node that this one has a data link with.
///
/// Belongs to the loop.
final class ChannelPeer {
  let link: PeerLink
  let id: PeerTable.LinkID
  /// The streams of the edge, if the two nodes are parent and child.
  let edge: EdgeStreams?
  /// The controller that watches the peer's process, if the peer is a child of this node.
  private(set) weak var child: ChildController?
  let isChild: Bool
  /// The peer's process, whose end is the link's, or that of the gate; nil for the node itself.
  private(set) var process: (any ChildProcess)?
  /// Nil when the peer connected to us.
  var connector: PeerConnector?
  // Unchecked is what each frame touches: a check costs 84 instructions, about 10 ns.
  /// Flows from senders here, and to receivers here, by their number on the link.
  @exclusivity(unchecked) var outgoing: [UInt32: SenderCore] = [:]
  @exclusivity(unchecked) var incoming: [UInt32: ReceiverCore] = [:]
  /// The memory for large items; nil for the node itself.
  private(set) var memory: PeerMemory?
  /// How the two nodes come to rings for their frames; nil for the node itself.
  @exclusivity(unchecked) private(set) var ring: RingAgreement?
  /// Replies whose last piece has not arrived.
  @exclusivity(unchecked) var partialReplies: [UInt64: [UInt8]] = [:]
  /// Called behind each frame that has come.
  @exclusivity(unchecked) var onFrameReceived: (() -> Void)?
  /// Called with the ring when the node begins to use one.
  var onRing: ((FrameRing) -> Void)?
  /// Whether the peer is on another host, so that a gate reports how it ended.
  let isElsewhere: Bool
  /// The gate's word, once it has come.
  var verdict: PeerVerdict?
  private var lastFlow = EdgeStreams.reservedFlows

  init(
    _ link: PeerLink, _ id: PeerTable.LinkID, edge: EdgeStreams? = nil,
    child: ChildController? = nil, isElsewhere: Bool = false
  ) {
    self.link = link
    self.isElsewhere = isElsewhere
    self.id = id
    self.edge = edge
    self.child = child
    isChild = child != nil
    guard let edge else { return }
    edge.open(over: link)
    for stream in EdgeStreams.Stream.allCases {
      outgoing[stream.rawValue] = edge.sender(stream)
      incoming[stream.rawValue] = edge.receiver(stream)
    }
  }

  /// The peer's process is known: memory can be shared with it.
  func found(_ process: any ChildProcess, on loop: EventLoop) {
    self.process = process
    // Nodes that share a process hand each other what they send as it is.
    // The process of a known peer may have been looked at before, when it could not be watched.
    guard !isElsewhere, memory == nil, let process = process as? ProcessHandle else { return }
    memory = PeerMemory(link, of: process, on: loop)
    link.memory = memory
    ring = RingAgreement(from: ProcessRings(of: process), on: loop) { [weak link] in
      link?.send($0)
    } begin: { [weak self] in
      self?.onRing?($0)
      self?.link.sendThrough($0, after: .ringFollows)
    }
  }

  var address: PeerAddress { link.peer }

  /// Whether the peer's end may be due to one of the items that it had.
  var endBlamesItems: Bool {
    guard isElsewhere else { return true }
    // Where a gate reports nothing, it has gone with its host.
    if case .dead? = verdict { return true }
    return false
  }

  /// The item of a flow that the peer worked on when it ended, as its host reports.
  func lastWork(of flow: UInt64) -> WorkNote? {
    guard case .dead(let work)? = verdict else { return nil }
    return work.first { $0.flow == flow }.map {
      WorkNote(sequence: $0.sequence, elementOffset: $0.elementOffset)
    }
  }

  func takeFlowID() -> UInt32 {
    lastFlow += 1
    return lastFlow
  }
}
