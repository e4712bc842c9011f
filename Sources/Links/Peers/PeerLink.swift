package import ProcessTreeWire

/// The data link of a pair of nodes: numbered frames that arrive once and in order, whatever
/// becomes of the connection beneath as long as both nodes live.
///
/// Belongs to the loop.
package final class PeerLink {
  /// The node at the other end.
  package let peer: PeerAddress
  /// Hands a frame to the ring or the socket; nil while there is no connection.
  // Unchecked is what each frame touches: a check costs 84 instructions, about 10 ns.
  @exclusivity(unchecked) private var transmit: (([UInt8]) -> Void)?
  /// The carrier of frames beside connections, if the nodes have one.
  @exclusivity(unchecked) package private(set) var ring: FrameRing?
  /// The number of the last frame that went over a connection, if the others go through the ring.
  private var lastOverConnection: UInt64?
  @exclusivity(unchecked) private var frames = NumberedFrames()
  @exclusivity(unchecked) package private(set) var isClosed = false
  /// Whether there has been a connection.
  package private(set) var wasConnected = false
  /// Called with each numbered frame, once.
  @exclusivity(unchecked) package var onFrame: ((FlowHeader, UnsafeRawBufferPointer) -> Void)?
  /// The memory for large items, if the nodes share any.
  package var memory: (any LinkMemory)?
  /// Called when the peer has confirmed frames.
  package var onConfirmed: (() -> Void)?
  /// Called when the peer has confirmed every frame, and when that is no longer so.
  package var onSettled: ((_ isSettled: Bool) -> Void)?
  /// Called when a gate reports that nothing more comes; nil for a peer of this host, of which no
  /// gate speaks.
  package var onVerdict: ((PeerVerdict) -> Void)?

  package init(to peer: PeerAddress) {
    self.peer = peer
  }

  /// Whether every frame that was sent is known to have arrived.
  package var isSettled: Bool { frames.isConfirmed }

  /// The bytes of the frames that the peer has not confirmed.
  package var unconfirmedBytes: Int { frames.unconfirmedBytes }

  /// The number of numbered frames that have arrived.
  package var received: UInt64 { frames.received }

  /// The number of the frame that was sent last.
  package var lastSent: UInt64 { frames.lastSent }

  /// Whether the frame with this number, and all before it, is known to have arrived.
  func isConfirmed(_ number: UInt64) -> Bool { frames.isConfirmed(number) }

  // MARK: The connection

  /// Resumes over a new connection; the peer has received so many frames over earlier ones.
  package func attach(peerReceived: UInt64, transmit: @escaping ([UInt8]) -> Void) {
    guard !isClosed else { return }
    wasConnected = true
    // A peer cannot have more than it was sent.
    try? confirm(upTo: min(peerReceived, lastSent))
    // Frames in the ring arrive, whatever becomes of connections.
    if let lastOverConnection {
      for frame in frames.resume(upTo: lastOverConnection) { transmit(frame) }
      return askForReceipt()
    }
    self.transmit = transmit
    for frame in frames.resume() { transmit(frame) }
    // A request may have come while there was no connection.
    askForReceipt()
  }

  /// The connection is gone; frames wait for the next one, unless there is a ring.
  package func detach() {
    if lastOverConnection == nil { transmit = nil }
  }

  /// Both nodes have found each other's part of a ring: after the present last frame all go through
  /// it.
  ///
  /// - Parameter message: The last message that goes over a connection.
  package func sendThrough(_ ring: FrameRing, after message: LinkMessage) {
    guard !isClosed, self.ring == nil else { return }
    send(message)
    self.ring = ring
    lastOverConnection = lastSent
    ring.onFrame = { [unowned self] frame throws(WireError) in try receive(frame) }
    transmit = { [unowned ring] in ring.send($0) }
  }

  /// The peer is gone.
  package func close() {
    isClosed = true
    transmit = nil
    ring?.close()
    ring = nil
    if !frames.isConfirmed { onSettled?(true) }
    frames.abandon()
    onFrame = nil
    onConfirmed = nil
    onSettled = nil
    onVerdict = nil
    // The memory stays: items in it have arrived, and the program may still read them.
  }

  // MARK: Sending

  /// Sends a frame under the link's next number.
  package func send(_ frame: consuming [UInt8]) {
    // A frame that the socket refuses must not have a number, because the peer would wait for it.
    guard !isClosed, frame.count <= WireLimits.frameSize else { return }
    if frames.isConfirmed { onSettled?(false) }
    frames.add(&frame)
    transmit?(frame)
  }

  /// Sends a message.
  package func send(_ message: LinkMessage) {
    for frame in message.frames() { send(frame) }
  }

  /// Requests a receipt at once; sends one request for a frame, however often this is called.
  package func askForReceipt() {
    guard let transmit, frames.takeRequest() else { return }
    transmit(FlowHeader(kind: .report).frame())
  }

  // MARK: Receiving

  /// Receives a frame from the connection; throws if it breaks the protocol.
  package func receive(_ frame: UnsafeRawBufferPointer) throws(WireError) {
    try receive(FlowHeader(frame), frame)
  }

  /// Receives a frame whose header the caller has read.
  func receive(_ header: FlowHeader, _ frame: UnsafeRawBufferPointer) throws(WireError) {
    switch header.kind {
    case .received: try confirm(upTo: header.total)
    case .report: sendReceipt()
    case .welcome, .whoIsThere, .whereTo, .target, .rings:
      throw WireError("a greeting in the middle of a link")
    case .refused:
      // The half of a host that stands in for the peer has refused what that sent.
      throw WireError(Refusal(header, frame).reason)
    case .closed:
      guard let onVerdict else { throw WireError("a gate's word on a link that no gate carries") }
      let word = try PeerVerdict.read(frame)
      guard word.peer == peer else { throw WireError("a gate's word about another peer") }
      transmit?(PeerVerdict.heard)
      onVerdict(word.verdict)
    case .items, .back, .control, .reply:
      guard try frames.receive(header.number, size: frame.count) else { return }
      if frames.owesReceipt { sendReceipt() }
      onFrame?(header, frame)
    }
  }

  private func sendReceipt() {
    transmit?(FlowHeader(kind: .received, total: frames.takeReceipt()).frame())
  }

  private func confirm(upTo number: UInt64) throws(WireError) {
    guard try frames.confirm(upTo: number) else { return }
    if frames.isConfirmed { onSettled?(true) }
    onConfirmed?()
  }
}
