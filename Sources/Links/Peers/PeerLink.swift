internal import DequeModule
package import ProcessTreeWire

/// The data link of a pair of nodes: numbered frames that arrive once and in order, whatever becomes
/// of the connection beneath as long as both nodes live.
///
/// Belongs to the loop. Frames are kept until the peer has said that they have come; a new connection
/// begins with both sides telling how far they are, and goes on from there.
package final class PeerLink {
  /// Frames received before the peer is told that they have come.
  private static let framesPerReceipt: UInt64 = 64
  private static let bytesPerReceipt = 512 << 10

  /// The node at the other end.
  package let peer: NodeAddress
  /// Hands a frame to the socket; nil while there is no connection.
  @exclusivity(unchecked) private var transmit: (([UInt8]) -> Void)?
  @exclusivity(unchecked) private var retained: Deque<[UInt8]> = []
  /// Bytes of frames that the peer has not said to have.
  @exclusivity(unchecked) package private(set) var unconfirmedBytes = 0
  @exclusivity(unchecked) private var firstRetained: UInt64 = 1
  /// Numbered frames that were sent.
  @exclusivity(unchecked) private(set) var lastSent: UInt64 = 0
  /// Numbered frames that have come.
  @exclusivity(unchecked) package private(set) var received: UInt64 = 0
  @exclusivity(unchecked) private var lastReceipt: UInt64 = 0
  /// The last frame for which the peer was asked over the present connection: its answer follows.
  @exclusivity(unchecked) private var lastAsked: UInt64 = 0
  @exclusivity(unchecked) private var bytesSinceReceipt = 0
  @exclusivity(unchecked) package private(set) var isClosed = false
  /// Whether there has been a connection.
  @exclusivity(unchecked) package private(set) var wasConnected = false
  /// Called with each numbered frame, once.
  @exclusivity(unchecked) package var onFrame: ((FlowHeader, UnsafeRawBufferPointer) -> Void)?
  /// Where large items go, if the nodes share memory.
  @exclusivity(unchecked) package var memory: (any LinkMemory)?
  /// Called when the peer has confirmed frames.
  @exclusivity(unchecked) package var onConfirmed: (() -> Void)?

  /// Called when all that was sent is known to have come, and when that is so no more.
  @exclusivity(unchecked) package var onSettled: ((_ isSettled: Bool) -> Void)?

  package init(to peer: NodeAddress) {
    self.peer = peer
  }

  /// Whether all that was sent is known to have come.
  package var isSettled: Bool { retained.isEmpty || isClosed }

  /// Whether the frame with this number, and all before, is known to have come.
  func isConfirmed(_ number: UInt64) -> Bool { number < firstRetained || isClosed }

  // MARK: The connection

  /// A connection is up, over which the peer has received so many frames before.
  package func attach(peerReceived: UInt64, transmit: @escaping ([UInt8]) -> Void) {
    guard !isClosed else { return }
    wasConnected = true
    // A peer cannot have more than it was sent.
    confirm(min(peerReceived, lastSent))
    self.transmit = transmit
    lastAsked = 0
    for frame in retained { transmit(frame) }
    // Somebody may have asked while there was no connection.
    if !retained.isEmpty { askForReceipt() }
  }

  /// The connection is gone; frames wait for the next one.
  package func detach() {
    transmit = nil
    lastAsked = 0
  }

  /// The peer is gone.
  package func close() {
    isClosed = true
    transmit = nil
    if !retained.isEmpty { onSettled?(true) }
    retained = []
    unconfirmedBytes = 0
    onFrame = nil
    onConfirmed = nil
    onSettled = nil
    // The memory stays: items in it have come, and are still to be read.
  }

  // MARK: Sending

  /// Sends a frame, which is numbered here.
  package func send(_ frame: consuming [UInt8]) {
    // One that the socket does not take must not have a number that the peer waits for.
    guard !isClosed, frame.count <= WireLimits.frameSize else { return }
    lastSent += 1
    FlowHeader.setNumber(lastSent, of: &frame)
    unconfirmedBytes += frame.count
    if retained.isEmpty { onSettled?(false) }
    retained.append(frame)
    transmit?(frame)
  }

  /// Sends a message.
  package func send(_ message: LinkMessage) {
    for frame in message.frames() { send(frame) }
  }

  /// Asks the peer to say at once what has come; once for a frame, however often this is called.
  package func askForReceipt() {
    guard !retained.isEmpty, lastAsked < lastSent, let transmit else { return }
    // Before it is sent: a connection that turns out to be gone begins anew.
    lastAsked = lastSent
    transmit(FlowHeader(kind: .report).frame())
  }

  // MARK: Receiving

  /// Takes a frame from the connection; throws when it breaks the protocol.
  package func receive(_ frame: UnsafeRawBufferPointer) throws(WireError) {
    let header = try FlowHeader(frame)
    switch header.kind {
    case .received:
      guard header.total <= lastSent else { throw WireError("more was received than sent") }
      confirm(header.total)
    case .report: sendReceipt()
    case .welcome, .whoIsThere: throw WireError("a greeting in the middle of a link")
    case .items, .back, .control, .reply:
      // Sent again after a reconnection although it had come.
      guard header.number > received else { return }
      guard header.number == received + 1 else { throw WireError("a frame of a link is missing") }
      received += 1
      bytesSinceReceipt += frame.count
      if received - lastReceipt >= Self.framesPerReceipt
        || bytesSinceReceipt >= Self.bytesPerReceipt
      {
        sendReceipt()
      }
      onFrame?(header, frame)
    }
  }

  private func sendReceipt() {
    lastReceipt = received
    bytesSinceReceipt = 0
    transmit?(FlowHeader(kind: .received, total: received).frame())
  }

  private func confirm(_ count: UInt64) {
    guard count >= firstRetained else { return }
    while count >= firstRetained, let frame = retained.popFirst() {
      firstRetained += 1
      unconfirmedBytes -= frame.count
    }
    if retained.isEmpty { onSettled?(true) }
    onConfirmed?()
  }
}
