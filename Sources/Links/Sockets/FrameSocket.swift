internal import ProcessTreeBase
internal import ProcessTreeCLinux
internal import ProcessTreeWire
internal import ProcessTreeZeroMQ

/// A ZeroMQ socket on the loop, with one frame per message, sent at once and received in turns.
///
/// ZeroMQ's descriptor is edge-triggered and a send can consume its edge, so each turn ends with a
/// look into every socket that was used.
final class FrameSocket: FrameCarrier {
  /// The most frames to receive from a socket before other sockets have their turn.
  private static let framesPerTurn = 64

  private let socket: Socket
  private let loop: EventLoop
  private let isRouter: Bool
  // Unchecked is what each frame touches: a check costs 84 instructions, about 10 ns.
  @exclusivity(unchecked) private var message: Message
  private var isReceiving = false
  @exclusivity(unchecked) private(set) var mayHaveFrames = true {
    didSet { if mayHaveFrames, !oldValue { onReady?() } }
  }
  var onReady: (() -> Void)?
  @exclusivity(unchecked) private(set) var isClosed = false
  private let onFrame: (Connection, UnsafeRawBufferPointer) -> Void
  /// The gate before a listening socket, if it has one.
  private var gate: AcceptGate?
  /// The connections whose senders have proved themselves, by the cookies of their sockets.
  private var proved = Recent<UInt64, Connection>(capacity: 1 << 16)
  /// The cookies of the sockets of a router's connections, as of their first frames: once a
  /// connection has ended, another one may have its descriptor, and its last frames still wait
  /// here.
  private var cookies = Recent<Connection, UInt64>(capacity: 4_096)
  /// The connection of the present frame.
  @exclusivity(unchecked) private var connection: Connection = 0
  @exclusivity(unchecked) private var taken = Taken(connection: 0)
  /// The number of messages that were not one frame from a numbered peer.
  private(set) var malformed = 0
  var onMalformed: ((Connection) -> Void)?

  init(
    _ kind: SocketKind, in context: LinkContext, on loop: EventLoop, probesRouter: Bool = false,
    onFrame: @escaping (Connection, UnsafeRawBufferPointer) -> Void
  ) throws {
    socket = try Socket(kind, in: context.get())
    // Behind the context, whose checks come before libzmq is loaded.
    message = Message()
    isRouter = kind == .router
    self.loop = loop
    self.onFrame = onFrame
    // High-water marks are off: with them libzmq loses messages over ipc at a normal exit, and a
    // router drops messages. The library's own credit bounds the queues.
    try socket.set(
      .sendHighWaterMark(0), .receiveHighWaterMark(0), .linger(.seconds(1)),
      .maximumMessageSize(WireLimits.frameSize), .handshakeInterval(.seconds(2)),
      .reconnectInterval(.milliseconds(5), maximum: .milliseconds(500)))
    if isRouter { try socket.set(.routerMandatory(true)) }
    // The probe is sent with each new connection; without `immediate`, reconnections would not
    // count. With it, frames are refused while there is no connection.
    if probesRouter { try socket.set(.probeRouter(true), .immediate(true)) }
    try loop.poller.add(socket.fileDescriptor, for: .read) { [weak self] _ in
      self?.mayHaveFrames = true
    }
  }

  /// Listens at a path, with a socket file that only this user may use; closes the socket on
  /// failure.
  ///
  /// - Parameter handlers: The callbacks of a gate, which cuts off connections for whose sender
  ///   ``senderIsProved()`` is not called; `nil` for no gate.
  func listen(at path: String, gate handlers: AcceptGate.Handlers?) throws {
    try closingOnError {
      let listener = try ListeningSocket.make(path: path, backlog: 1_024)
      if var handlers {
        handlers.receiveAll = { [weak self] in self?.receiveAll() }
        handlers.broke = { [weak self] in self?.broke($0) }
        gate = AcceptGate(before: listener.number, on: loop, handlers)
      }
      try socket.set(
        .handshakeInterval(Self.longestHandshake), .useFileDescriptor(listener.number))
      try socket.bind(.ipc(path: path))
      // It is libzmq's now.
      _ = listener.release()
    }
  }

  /// The time that a connection has for its handshake at a listening socket.
  ///
  /// Each end has a limit of its own, and checks it before it reads. The connecting end finishes
  /// the handshake once it has read the other's part, and then sends. A listener whose threads got
  /// no time for as long as its limit would close a connection that holds a complete handshake, and
  /// frames that nobody sends again would be lost. So the listener's limit is long, and the gate,
  /// which reads first, cuts off silent connections. The connecting end's limit is short: it has
  /// sent nothing before, and connects again.
  private static let longestHandshake: Duration = .seconds(30)

  func senderIsProved() {
    guard let gate, let descriptor = source else { return }
    gate.proved(descriptor)
    proved.note(connection, for: cl_socket_cookie(descriptor))
  }

  func senderIsRefused() {
    guard let gate, let descriptor = source else { return }
    gate.refused(descriptor)
  }

  /// A connection has brought what no node sends.
  private func broke(_ cookie: UInt64) {
    // The frames before it are good.
    receiveAll()
    if let connection = proved[cookie] { onMalformed?(connection) }
  }

  /// The descriptor of the connection of the present frame; nil once that has ended.
  private var source: Int32? {
    guard let descriptor = message.sourceDescriptor else { return nil }
    guard isRouter, let cookie = cookies[connection] else { return descriptor }
    return cl_socket_cookie(descriptor) == cookie ? descriptor : nil
  }

  var sender: Int32? { source.map(cl_peer_process) ?? 0 }

  /// Connects now, or as soon as there is a listener; closes the socket on failure.
  func connect(to endpoint: Endpoint) throws {
    if case .ipc(let path) = endpoint { cl_watch_connections_into(path) }
    try closingOnError { try socket.connect(endpoint) }
  }

  /// A caller whose initialiser fails cannot close the socket, whose descriptor is watched.
  private func closingOnError(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch {
      close()
      throw error
    }
  }

  /// Sends a frame; false if the peer has ended.
  @discardableResult
  func send(_ frame: [UInt8], to connection: Connection) -> Bool {
    // A peer disconnects a sender of frames that are too large.
    guard !isClosed, frame.count <= WireLimits.frameSize else { return false }
    mayHaveFrames = true
    guard !isRouter || sendRoutingID(connection) else { return false }
    if frame.count >= Self.adoptionThreshold {
      var message = Message(adopting: frame)
      return (try? socket.trySend(&message)) ?? false
    }
    return (try? socket.trySend(frame)) ?? false
  }

  /// The size in bytes from which frames are passed to ZeroMQ without copying.
  private static let adoptionThreshold = 16 << 10

  private func sendRoutingID(_ connection: UInt32) -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 5, alignment: 1) { bytes in
      bytes[0] = 0
      bytes.storeBytes(of: connection, toByteOffset: 1, as: UInt32.self)
      return (try? socket.trySend(UnsafeRawBufferPointer(bytes), more: true)) ?? false
    }
  }

  func receive() { receive(Self.framesPerTurn) }

  func receiveAll() {
    mayHaveFrames = true
    receive(Self.framesPerTurn * 64)
  }

  /// Receives some frames; nothing while one is being taken, whose bytes are those of the one
  /// message: what takes it may end up here again.
  private func receive(_ most: Int) {
    guard !isReceiving else { return }
    isReceiving = true
    var budget = most
    while budget > 0, mayHaveFrames, !isClosed, receiveOne() { budget -= 1 }
    isReceiving = false
  }

  private func receiveOne() -> Bool {
    guard receivePart() else {
      mayHaveFrames = false
      return false
    }
    connection = 0
    if isRouter {
      // A router names a connection by a zero and four bytes; a name that a peer chose is unknown
      // here.
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
    noteTaken()
    message.withUnsafeBytes { onFrame(connection, $0) }
    return true
  }

  /// Frames that were taken one after the other from one connection, and of which its stream does
  /// not know.
  private struct Taken {
    var connection: Connection
    var descriptor: Int32?
    var frames: UInt64 = 0
    var bytes: UInt64 = 0

    /// Whether the stream has to know; a small part of what it allows.
    var isDue: Bool { bytes >= 64 << 10 || frames >= 256 }

    func tell() {
      guard let descriptor, frames > 0 else { return }
      cl_stream_took(descriptor, frames, bytes)
    }
  }

  // libzmq takes some 500 ns to find where a message comes from, so it is not asked for each.
  private func noteTaken() {
    var run = taken
    if run.connection != connection || run.isDue || run.frames == 0 {
      run.tell()
      let descriptor = message.sourceDescriptor
      if isRouter, cookies[connection] == nil {
        cookies.note(descriptor.map(cl_socket_cookie) ?? 0, for: connection)
      }
      run = Taken(connection: connection, descriptor: descriptor)
    }
    run.frames += 1
    run.bytes += UInt64(message.count)
    taken = run
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
