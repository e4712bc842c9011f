internal import ProcessTreeBase
internal import ProcessTreeWire
internal import ProcessTreeZeroMQ

/// A ZeroMQ socket whose connections may hand their frames over to rings.
///
/// For the connections between a node and a half of a host, which both live on one host and carry
/// frames for others. A ring here belongs to its connection: a new connection begins without one,
/// and the link that goes over it sends again what it lacks, as it does for any connection. Belongs
/// to the loop.
final class RingedSocket: FrameCarrier {
  /// How long frames are kept that a ring had no room for when its connection was forgotten.
  private static let partingTime: Duration = .seconds(60)

  private final class Hop {
    let connection: Connection
    /// The process at the other end, once it has offered its part.
    var pid: Int32 = 0
    var agreement: RingAgreement?
    var ring: FrameRing?

    init(_ connection: Connection) {
      self.connection = connection
    }
  }

  private let socket: FrameSocket
  private let source: any RingSource
  private let loop: EventLoop
  private let isRouter: Bool
  private let onFrame: (Connection, UnsafeRawBufferPointer) -> Void
  // Unchecked is what each frame touches: a check costs 84 instructions, about 10 ns.
  @exclusivity(unchecked) private var hops: [Connection: Hop] = [:]
  /// The connections whose rings are looked at in each turn.
  @exclusivity(unchecked) private var ready: [Hop] = []
  /// The connection of the present frame, if that has come through a ring.
  @exclusivity(unchecked) private var current: Hop?

  var onReady: (() -> Void)?
  var onRingBroken: ((Connection, String) -> Void)?
  var onMalformed: ((Connection) -> Void)? {
    get { socket.onMalformed }
    set { socket.onMalformed = newValue }
  }

  init(
    _ kind: FrameCarrierKind, in context: LinkContext, on loop: EventLoop, probesRouter: Bool,
    source: any RingSource, onFrame: @escaping (Connection, UnsafeRawBufferPointer) -> Void
  ) throws {
    self.source = source
    self.loop = loop
    self.onFrame = onFrame
    isRouter = kind == .router
    let owner = Owner()
    socket = try FrameSocket(
      kind == .dealer ? .dealer : .router, in: context, on: loop, probesRouter: probesRouter
    ) { owner.socket?.take($1, over: $0) }
    owner.socket = self
    socket.onReady = { [unowned self] in if ready.isEmpty { onReady?() } }
  }

  /// Lends the socket to a closure that is made before it.
  private final class Owner {
    weak var socket: RingedSocket?
  }

  // MARK: The socket

  var mayHaveFrames: Bool { socket.mayHaveFrames || !ready.isEmpty }
  var isClosed: Bool { socket.isClosed }
  var sender: Int32? { current?.pid ?? socket.sender }

  func listen(at path: String, gate: AcceptGate.Handlers?) throws {
    try socket.listen(at: path, gate: gate)
  }

  func connect(to endpoint: Endpoint) throws { try socket.connect(to: endpoint) }
  func senderIsProved() { socket.senderIsProved() }
  func senderIsRefused() { socket.senderIsRefused() }

  func close() {
    for connection in Array(hops.keys) { forget(connection) }
    socket.close()
  }

  // MARK: Rings

  func allowRing(for connection: Connection) {
    guard !isClosed, hops[connection] == nil else { return }
    let hop = Hop(connection)
    hop.agreement = RingAgreement(from: source, on: loop) { [unowned self] in
      send($0, over: connection)
    } begin: { [unowned self, unowned hop] in
      begin($0, at: hop)
    }
    hops[connection] = hop
  }

  private func send(_ message: LinkMessage, over connection: Connection) {
    for var frame in message.frames() {
      frame[0] = FlowHeader.Kind.rings.rawValue
      socket.send(frame, to: connection)
    }
  }

  private func begin(_ ring: FrameRing, at hop: Hop) {
    send(.ringFollows, over: hop.connection)
    hop.ring = ring
    ring.onReady = { [unowned self, unowned hop] in
      let isNews = !mayHaveFrames
      ready.append(hop)
      if isNews { onReady?() }
    }
    ring.onFrame = { [unowned self, unowned hop] frame throws(WireError) in
      try deliver(frame, of: hop)
    }
    ring.onBroken = { [weak self, loop, connection = hop.connection] error in
      // Not in the middle of what its owner sends.
      _ = loop.timers.schedule(after: .zero) { self?.broke(connection, error.description) }
    }
  }

  private func deliver(_ frame: UnsafeRawBufferPointer, of hop: Hop) throws(WireError) {
    guard frame.first != FlowHeader.Kind.rings.rawValue else {
      throw WireError("a message about rings in a ring")
    }
    current = hop
    onFrame(hop.connection, frame)
    current = nil
  }

  private func broke(_ connection: Connection, _ reason: String) {
    forget(connection)
    onRingBroken?(connection, reason)
  }

  func forget(_ connection: Connection) {
    guard let hop = hops.removeValue(forKey: connection) else { return }
    ready.removeAll { $0 === hop }
    guard let ring = hop.ring else { return }
    hop.ring = nil
    guard ring.isSending else { return ring.close() }
    // The peer may take what it has not taken yet.
    ring.onFrame = { _ in }
    (ring.onReady, ring.onBroken) = (nil, nil)
    _ = loop.timers.schedule(after: Self.partingTime) { ring.close() }
  }

  // MARK: Frames

  @discardableResult
  func send(_ frame: [UInt8], to connection: Connection) -> Bool {
    guard !hops.isEmpty, let hop = hops[connection] else {
      return socket.send(frame, to: connection)
    }
    if let ring = hop.ring {
      guard frame.count <= WireLimits.frameSize else { return false }
      ring.send(frame)
      return true
    }
    guard socket.send(frame, to: connection) else { return false }
    hop.agreement?.framePassed()
    return true
  }

  /// Takes a frame that has come over the connection itself.
  private func take(_ frame: UnsafeRawBufferPointer, over connection: Connection) {
    switch frame.first {
    case FlowHeader.Kind.rings.rawValue: return hear(frame, over: connection)
    case FlowHeader.Kind.whoIsThere.rawValue, FlowHeader.Kind.whereTo.rawValue:
      // A dealer's connection is a new one if it is asked; its number stays.
      if !isRouter, hops[connection] != nil {
        forget(connection)
        allowRing(for: connection)
      }
    default: hops[connection]?.agreement?.framePassed()
    }
    onFrame(connection, frame)
  }

  private func hear(_ frame: UnsafeRawBufferPointer, over connection: Connection) {
    do throws(WireError) {
      guard let hop = hops[connection], let agreement = hop.agreement else {
        throw WireError("a message about rings that has no place there")
      }
      let message = try LinkMessage(frame: frame)
      if case .ring(let memory, _) = message {
        // A connection that has ended no longer shows whose it was, so this blames nobody.
        guard memory.pid == socket.sender else { return agreement.decline() }
        hop.pid = memory.pid
      }
      try agreement.receive(message)
    } catch {
      broke(connection, error.description)
    }
  }

  func receive() {
    socket.receive()
    guard !ready.isEmpty else { return }
    for hop in ready { hop.ring?.receive() }
    ready.removeAll { $0.ring?.rest() ?? true }
  }

  func receiveAll() {
    socket.receiveAll()
    for hop in Array(hops.values) { hop.ring?.receiveAll() }
  }

  deinit { close() }
}
