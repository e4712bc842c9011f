internal import Glibc
internal import ProcessTreeZeroMQ

/// An end of the connections that carry frames between nodes: a ZeroMQ socket, or its twin in
/// memory.
///
/// A dealer connects to one router; a router serves any number of dealers, whose connections it
/// numbers. Frames of a connection arrive in order, or not at all once it has broken; a user that
/// needs more numbers them (``PeerLink``). It belongs to the loop.
protocol FrameCarrier: AnyObject {
  /// The number that a router gives a peer's connection; a dealer has one peer, 0.
  typealias Connection = UInt32

  /// Whether the next look may find frames.
  var mayHaveFrames: Bool { get }
  var isClosed: Bool { get }

  /// Called when the next look may find frames, after one that found no more.
  var onReady: (() -> Void)? { get set }
  /// Called with each connection whose sender has proved itself and then brought something else
  /// than single frames.
  var onMalformed: ((Connection) -> Void)? { get set }

  /// Lets dealers connect by this path; the gate cuts off those that do not prove their identity.
  func listen(at path: String, gate: AcceptGate.Handlers?) throws
  /// Notes that the sender of the present frame has proved which node it is.
  func senderIsProved()
  /// Notes that the sender of the present frame has been refused: its connection is soon cut off.
  func senderIsRefused()
  /// The process that, for the kernel, is at the other end of the connection of the present frame;
  /// 0 if that connection has gone, nil where nodes share a process.
  var sender: Int32? { get }
  /// Connects to a router, and again whenever the connection breaks.
  func connect(to endpoint: Endpoint) throws
  /// Sends a frame; false if the peer has ended or does not accept frames of that size.
  @discardableResult
  func send(_ frame: [UInt8], to connection: Connection) -> Bool
  /// Receives frames, up to a turn's share.
  func receive()
  /// Receives all frames, up to a bound that no turn should reach.
  func receiveAll()
  func close()

  /// Called with each connection over which a ring was agreed upon, or through whose ring frames
  /// came, against the protocol, and with the reason; nothing more comes over it.
  var onRingBroken: ((Connection, String) -> Void)? { get set }
  /// Lets the two ends of a connection go over to rings.
  func allowRing(for connection: Connection)
  /// Needs a connection no more: frames of its ring are heard no more.
  func forget(_ connection: Connection)
}

/// Most sockets have no rings.
extension FrameCarrier {
  var onRingBroken: ((Connection, String) -> Void)? {
    get { nil }
    set {}
  }
  func allowRing(for connection: Connection) {}
  func forget(_ connection: Connection) {}
}

extension FrameCarrier {
  @discardableResult
  func send(_ frame: [UInt8]) -> Bool { send(frame, to: 0) }
}

enum FrameCarrierKind {
  case dealer
  case router
}

extension FrameCarrier {
  /// Whether the sender of the present frame has ended, so that there is nobody to be refused.
  var hasSenderEnded: Bool {
    guard let sender else { return false }
    return sender == 0 || kill(sender, 0) != 0 && errno == ESRCH
  }
}
