internal import ProcessTreeWire
internal import ProcessTreeZeroMQ

/// One end of connections whose frames are passed on as they are, to a node on another host or from
/// one.
///
/// It understands nothing of what it carries: the nodes at both ends prove themselves to each
/// other. It neither passes on frames about rings between two ends of one host, nor accepts them
/// from elsewhere. Belongs to the loop.
package final class FrameRelay {
  /// A connection of a listening relay; a connecting one has only 0.
  package typealias Connection = UInt32

  private let socket: any FrameCarrier

  /// Listens in the place of a node on another host.
  ///
  /// - Parameters:
  ///   - path: Where the socket is made, in a directory that only its user may enter.
  ///   - mayHaveRings: Whether connections may go over to rings.
  ///   - context: The sockets of the process.
  ///   - loop: Its loop.
  ///   - onFrame: Called with each frame; the bytes are valid during the call.
  package init(
    listeningAt path: String, mayHaveRings: Bool = true, in context: LinkContext,
    on loop: EventLoop,
    onFrame: @escaping (Connection, UnsafeRawBufferPointer) -> Void
  ) throws {
    socket = try context.makeSocket(
      .router, on: loop, mayHaveRings: mayHaveRings, onFrame: onFrame)
    try socket.listen(at: path, gate: nil)
  }

  /// Connects to a node in the place of another.
  ///
  /// - Parameters:
  ///   - endpoint: Where to connect.
  ///   - isLink: Whether it is a link's, which lacks no frame for long: each connection begins with
  ///     an empty frame, frames are dropped without one, and may go over to rings.
  ///   - context: The sockets of the process.
  ///   - loop: Its loop.
  ///   - onFrame: Called with each frame; the bytes are valid during the call.
  package init(
    to endpoint: String, isLink: Bool, in context: LinkContext, on loop: EventLoop,
    onFrame: @escaping (UnsafeRawBufferPointer) -> Void
  ) throws {
    guard let endpoint = Endpoint(endpoint) else {
      throw WireError("\(endpoint) is no endpoint: ipc://path is expected")
    }
    socket = try context.makeSocket(
      .dealer, on: loop, probesRouter: isLink, mayHaveRings: isLink
    ) { onFrame($1) }
    try socket.connect(to: endpoint)
    if isLink { socket.allowRing(for: 0) }
  }

  /// The process at the other end of the connection of the present frame; 0 if it has gone.
  package var sender: Int32 { socket.sender ?? 0 }

  /// Whether the next look may find frames.
  package var mayHaveFrames: Bool { socket.mayHaveFrames && !socket.isClosed }

  /// Called with a connection whose node has broken the protocol of rings, and with the reason.
  package var onBroken: ((Connection, String) -> Void)? {
    get { socket.onRingBroken }
    set { socket.onRingBroken = newValue }
  }

  /// Lets a connection go over to rings: it is known whose it is.
  package func allowRing(for connection: Connection) { socket.allowRing(for: connection) }

  /// Needs a connection no more.
  package func forget(_ connection: Connection) { socket.forget(connection) }

  /// Whether a frame is one that the two ends of a connection exchange about rings, and nobody
  /// passes on.
  package static func isOfThisHost(_ frame: [UInt8]) -> Bool {
    frame.first == FlowHeader.Kind.rings.rawValue
  }

  package func send(_ frame: [UInt8], to connection: Connection = 0) {
    socket.send(frame, to: connection)
  }

  /// Receives frames, up to a turn's share.
  package func receive() { socket.receive() }

  /// Receives all frames that have come.
  package func receiveAll() { socket.receiveAll() }

  package func close() { socket.close() }
}
