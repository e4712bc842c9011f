internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// Another node that this one has a data link with.
///
/// Belongs to the loop.
final class ChannelPeer {
  let link: PeerLink
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
  private var lastFlow: UInt32 = 0

  init(_ link: PeerLink) {
    self.link = link
  }

  /// The peer's process is known: its end can be watched, and memory shared with it.
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
