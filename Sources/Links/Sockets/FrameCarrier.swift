internal import ProcessTreeZeroMQ

/// One end of the connections that carry frames between nodes: a ZeroMQ socket, or its twin in memory.
///
/// A dealer connects to one router; a router serves any number of dealers, whose connections it
/// numbers. Frames of a connection arrive in order, or not at all once it has broken: whoever needs
/// more numbers them (``PeerLink``). Belongs to the loop.
protocol FrameCarrier: AnyObject {
  /// A peer's connection, as a router numbers it; a dealer has one peer, 0.
  typealias Connection = UInt32

  /// Whether the next look may find something.
  var mayHaveFrames: Bool { get }
  var isClosed: Bool { get }

  /// Called when the next look may find something and the last one found nothing more.
  var onReady: (() -> Void)? { get set }
  /// Called with the connection of each message that was not one frame.
  var onMalformed: ((Connection) -> Void)? { get set }

  /// Lets dealers connect, by this path; strangers are cut off at the gate.
  func listen(at path: String, gate: AcceptGate.Handlers?) throws
  /// The sender of the frame that is being looked at has proved which node it is.
  func senderIsProved()
  /// Connects to a router, again whenever the connection breaks.
  func connect(to endpoint: Endpoint) throws
  /// Sends a frame; false when the peer has gone, or takes no frame of that size.
  @discardableResult
  func send(_ frame: [UInt8], to connection: Connection) -> Bool
  /// Takes what has come, up to a turn's share.
  func receive()
  /// Takes all that has come, up to a bound that no turn should meet.
  func receiveAll()
  func close()
}

extension FrameCarrier {
  /// Sends a frame to the router that a dealer is connected to.
  @discardableResult
  func send(_ frame: [UInt8]) -> Bool { send(frame, to: 0) }
}

/// The two kinds of ends.
enum FrameCarrierKind {
  case dealer
  case router
}
