package import ProcessTreeWire
internal import ProcessTreeZeroMQ

/// A node's end of the data link that it opens to another.
///
/// ZeroMQ connects again by itself when the connection breaks, and sends a probe with each
/// connection; the listener then asks for the hello, and the link resumes where it was.
package final class PeerConnector {
  private let link: PeerLink
  private let hello: PeerHello
  /// Whether the connection is to a gate, which asks where it leads.
  private let isThroughGate: Bool
  private let onRefusal: (Refusal) -> Void
  private let onViolation: (String) -> Void
  private var socket: (any FrameCarrier)?
  /// The listener's last question; an older question belongs to a connection that has gone.
  private var question: UInt64 = 0
  private var isWelcome = false
  /// What both ends prove themselves with; the listener's question waits until it is known.
  private var secret: LinkSecret?

  /// Connects to the link's peer.
  ///
  /// - Parameters:
  ///   - link: The link.
  ///   - secret: What both ends prove themselves with; nil if ``prove(by:)`` will bring it.
  ///   - hello: The hello, without question and proof.
  ///   - gate: The endpoint of the gate that leads to the peer; nil to connect to the peer itself.
  ///   - isElsewhere: Whether a process of this host stands in for the peer.
  ///   - context: The node's sockets.
  ///   - loop: The node's loop.
  ///   - onRefusal: Called with the reason when the peer does not want the link.
  ///   - onViolation: Called with what the peer has sent against the protocol.
  package init(
    _ link: PeerLink, by secret: LinkSecret?, hello: PeerHello, through gate: String? = nil,
    isElsewhere: Bool = false, in context: LinkContext, on loop: EventLoop,
    onRefusal: @escaping (Refusal) -> Void, onViolation: @escaping (String) -> Void
  ) throws {
    self.link = link
    self.hello = hello
    isThroughGate = gate != nil
    self.secret = secret
    self.onRefusal = onRefusal
    self.onViolation = onViolation
    let address = gate ?? link.peer.endpoint
    guard let endpoint = Endpoint(address) else {
      throw WireError("\(address) is no endpoint: ipc://path is expected")
    }
    let socket = try context.makeSocket(
      .dealer, on: loop, probesRouter: true, mayHaveRings: isElsewhere
    ) { [unowned self] _, frame in receive(frame) }
    socket.onRingBroken = { _, reason in
      link.detach()
      onRefusal(Refusal(.malformed, reason))
    }
    try socket.connect(to: endpoint)
    socket.allowRing(for: 0)
    self.socket = socket
  }

  /// Sends a frame; if there is no connection, this frame and the following ones wait for the next.
  private func send(_ frame: [UInt8]) {
    if socket?.send(frame) != true { link.detach() }
  }

  private func receive(_ frame: UnsafeRawBufferPointer) {
    do throws(WireError) {
      let header = try FlowHeader(frame)
      switch header.kind {
      case .whoIsThere: answer(header.number)
      case .whereTo where isThroughGate:
        socket?.send(GateTarget(from: hello.address, to: link.peer).frame())
      case .welcome: try enter(header, frame)
      case .refused where !isWelcome: onRefusal(Refusal(header, frame))
      default: try link.receive(header, frame)
      }
    } catch {
      onViolation("\(link.peer.name): \(error)")
    }
  }

  private func answer(_ question: UInt64) {
    guard question > self.question else { return }
    self.question = question
    isWelcome = false
    link.detach()
    reply()
  }

  /// Brings what both ends prove themselves with.
  package func prove(by secret: LinkSecret) {
    guard self.secret == nil else { return }
    self.secret = secret
    if question > 0 { reply() }
  }

  private func reply() {
    guard let secret else { return }
    socket?.send(hello.answering(question, received: link.received, by: secret).frame())
  }

  private func enter(
    _ welcome: FlowHeader, _ frame: UnsafeRawBufferPointer
  ) throws(WireError) {
    guard welcome.number == question, !isWelcome else { return }
    let proof = Proof(bytes: Array(frame.dropFirst(FlowHeader.size)))
    guard let secret, secret.welcomeProof(question).matches(proof) else {
      throw WireError("it does not prove to be the node at this address")
    }
    isWelcome = true
    link.attach(peerReceived: welcome.total) { [weak self] in self?.send($0) }
  }

  /// Receives what has arrived, up to a turn's share.
  package func receive() { socket?.receive() }

  /// Receives everything that has arrived.
  package func receiveAll() { socket?.receiveAll() }

  /// Whether the next look may find something.
  package var mayHaveFrames: Bool { socket.map { $0.mayHaveFrames && !$0.isClosed } ?? false }

  /// Called when `mayHaveFrames` becomes true.
  package var onReady: (() -> Void)? {
    get { socket?.onReady }
    set { socket?.onReady = newValue }
  }

  /// Closes the socket.
  package func close() { socket?.close() }
}
