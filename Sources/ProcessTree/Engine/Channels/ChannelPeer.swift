internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// Another node that this one has a data link with.
///
/// Belongs to the loop.
final class ChannelPeer {
  let link: PeerLink
  /// What the two nodes exchange beside channels, if they are parent and child.
  let edge: EdgeStreams?
  /// Who watches the peer's process, if it is a child of this node.
  private(set) weak var child: ChildController?
  let isChild: Bool
  /// The peer's process, whose end is the link's; nil for the node itself.
  private(set) var process: (any ChildProcess)?
  /// For what the link needs and cannot be had at once.
  var patience = Patience()
  /// Nil when the peer connected to us.
  var connector: PeerConnector?
  /// Flows from senders here, and to receivers here, by their number on the link.
  var outgoing: [UInt32: SenderCore] = [:]
  var incoming: [UInt32: ReceiverCore] = [:]
  /// Where large items go and come from; nil for the node itself.
  private(set) var memory: PeerMemory?
  /// Answers that come in pieces.
  var partialReplies: [UInt64: [UInt8]] = [:]
  /// Called behind each frame that has come.
  var onFrameReceived: (() -> Void)?
  private var lastFlow = EdgeStreams.reservedFlows

  init(_ link: PeerLink, edge: EdgeStreams? = nil, child: ChildController? = nil) {
    self.link = link
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
    guard let process = process as? ProcessHandle else { return }
    memory = PeerMemory(link, of: process, on: loop)
    link.memory = memory
  }

  var address: NodeAddress { link.peer }

  func takeFlowID() -> UInt32 {
    lastFlow += 1
    return lastFlow
  }
}
