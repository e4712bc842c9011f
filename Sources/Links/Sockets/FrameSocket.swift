internal import ProcessTreeWire
internal import ProcessTreeZeroMQ

/// A socket on the loop: one frame a message, sent at once and received in turns.
///
/// ZeroMQ's descriptor is edge-triggered and a send can use up its edge, so each turn ends with a
/// look into every socket that something was done with.
final class FrameSocket: FrameCarrier {
  /// Frames taken from a socket before others have their turn.
  private static let framesPerTurn = 64

  private let socket: Socket
  private let loop: EventLoop
  private let isRouter: Bool
  @exclusivity(unchecked) private var message = Message()
  /// Whether the next look may find something: its descriptor said so, or its edge may be used up.
  @exclusivity(unchecked) private(set) var mayHaveFrames = true {
    didSet { if mayHaveFrames, !oldValue { onReady?() } }
  }
  /// Called when the next look may find something and the last one found nothing more.
  @exclusivity(unchecked) var onReady: (() -> Void)?
  @exclusivity(unchecked) private(set) var isClosed = false
  /// Called with each frame; its bytes are valid during the call.
  private let onFrame: (Connection, UnsafeRawBufferPointer) -> Void
  /// Stands before the socket that listens, where there is one.
  @exclusivity(unchecked) private var gate: AcceptGate?
  /// Messages that were not one frame from a peer that the router numbered.
  @exclusivity(unchecked) private(set) var malformed = 0
  /// Called with the connection of each message that was not one frame.
  @exclusivity(unchecked) var onMalformed: ((Connection) -> Void)?

  init(
    _ kind: SocketKind, in context: LinkContext, on loop: EventLoop, probesRouter: Bool = false,
    onFrame: @escaping (Connection, UnsafeRawBufferPointer) -> Void
  ) throws {
    socket = try Socket(kind, in: context.get())
    isRouter = kind == .router
    self.loop = loop
    self.onFrame = onFrame
    // No high-water marks: libzmq loses messages over ipc in an orderly exit with them, and drops
    // at a router. What bounds the queues is our own credit.
    try socket.set(
      .sendHighWaterMark(0), .receiveHighWaterMark(0), .linger(.seconds(1)),
      .maximumMessageSize(WireLimits.frameSize), .handshakeInterval(.seconds(2)),
      .reconnectInterval(.milliseconds(5), maximum: .milliseconds(500)))
    if isRouter { try socket.set(.routerMandatory(true)) }
    // The probe goes out with each connection that is made, and only with `immediate` do later ones
    // count; frames for a connection that is not there are then not taken.
    if probesRouter { try socket.set(.probeRouter(true), .immediate(true)) }
    try loop.poller.add(socket.fileDescriptor, for: .read) { [weak self] _ in
      self?.mayHaveFrames = true
    }
  }

  /// Listens at a path, with a socket file that we made and that only this user may use.
  ///
  /// Throws when that cannot be; the socket is closed then.
  ///
  /// - Parameter handlers: With a gate, which these belong to, connections are cut off whose sender
  ///   ``senderIsProved()`` is not called for.
  func listen(at path: String, gate handlers: AcceptGate.Handlers?) throws {
    try closingOnError {
      let descriptor = try ListeningSocket.make(path: path, backlog: 1_024)
      if var handlers {
        handlers.receiveAll = { [weak self] in self?.receiveAll() }
        gate = AcceptGate(before: descriptor, on: loop, handlers)
      }
      try socket.set(.useFileDescriptor(descriptor))
      try socket.bind(.ipc(path: path))
    }
  }

  /// Whoever sent the frame that is being looked at has proved who it is.
  func senderIsProved() {
    guard let gate, let descriptor = message.sourceDescriptor else { return }
    gate.proved(descriptor)
  }

  /// Connects, now or as soon as somebody listens; throws when that cannot be, and is closed then.
  func connect(to endpoint: Endpoint) throws {
    try closingOnError { try socket.connect(endpoint) }
  }

  /// Whoever has not got his socket cannot close it; its descriptor is watched.
  private func closingOnError(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch {
      close()
      throw error
    }
  }

  /// Sends a frame; false when the peer has gone.
  @discardableResult
  func send(_ frame: [UInt8], to connection: Connection) -> Bool {
    // The peer would be cut off for a frame that it does not take.
    guard !isClosed, frame.count <= WireLimits.frameSize else { return false }
    mayHaveFrames = true
    guard !isRouter || sendRoutingID(connection) else { return false }
    if frame.count >= Self.adoptionThreshold {
      var message = Message(adopting: frame)
      return (try? socket.trySend(&message)) ?? false
    }
    return (try? socket.trySend(frame)) ?? false
  }

  /// Frames from this size on are handed to ZeroMQ as they are instead of being copied.
  private static let adoptionThreshold = 16 << 10

  private func sendRoutingID(_ connection: UInt32) -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 5, alignment: 1) { bytes in
      bytes[0] = 0
      bytes.storeBytes(of: connection, toByteOffset: 1, as: UInt32.self)
      return (try? socket.trySend(UnsafeRawBufferPointer(bytes), more: true)) ?? false
    }
  }

  /// Takes what has come, up to a turn's share.
  func receive() {
    var budget = Self.framesPerTurn
    while budget > 0, mayHaveFrames, !isClosed, receiveOne() { budget -= 1 }
  }

  /// Takes all that has come, up to a bound that no turn should meet.
  func receiveAll() {
    mayHaveFrames = true
    var budget = Self.framesPerTurn * 64
    while budget > 0, mayHaveFrames, !isClosed, receiveOne() { budget -= 1 }
  }

  private func receiveOne() -> Bool {
    guard receivePart() else {
      mayHaveFrames = false
      return false
    }
    var connection: Connection = 0
    if isRouter {
      // A router names a connection itself by a zero and four bytes; a name that the peer chose is
      // not one that we have to know.
      let named = message.withUnsafeBytes { bytes -> UInt32? in
        guard bytes.count == 5, bytes[0] == 0 else { return nil }
        return bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self)
      }
      guard message.hasMore, receivePart(), let named else {
        skipRest()
        return true
      }
      connection = named
    }
    guard !message.hasMore else {
      skipRest()
      onMalformed?(connection)
      return true
    }
    message.withUnsafeBytes { onFrame(connection, $0) }
    return true
  }

  private func receivePart() -> Bool { (try? socket.tryReceive(into: &message)) ?? false }

  private func skipRest() {
    malformed += 1
    while message.hasMore, receivePart() {}
  }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    gate?.close()
    loop.poller.remove(socket.fileDescriptor)
    socket.close()
  }

  deinit { close() }
}
