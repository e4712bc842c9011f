internal import DequeModule
internal import ProcessTreeWire
internal import ProcessTreeZeroMQ

/// The twin of a ZeroMQ socket in memory, for nodes that share a process and its loop.
///
/// It behaves like ``FrameSocket``, except that a frame arrives as soon as it is sent.
final class MemorySocket: FrameCarrier {
  /// The most frames to receive from a socket before other sockets have their turn.
  private static let framesPerTurn = 64

  private let kind: FrameCarrierKind
  private let network: MemoryNetwork
  private let loop: EventLoop
  private let probesRouter: Bool
  private let onFrame: (Connection, UnsafeRawBufferPointer) -> Void
  private var inbox: Deque<(connection: Connection, frame: [UInt8])> = []
  private var dealers: [Connection: MemorySocket] = [:]
  private var lastConnection: Connection = 0
  /// A dealer's router, and the dealer's number there.
  private weak var router: MemorySocket?
  private var number: Connection = 0
  /// The path at which a router listens, or to which a dealer connects.
  private var path: String?
  private(set) var isClosed = false

  init(
    _ kind: FrameCarrierKind, in network: MemoryNetwork, on loop: EventLoop, probesRouter: Bool,
    onFrame: @escaping (Connection, UnsafeRawBufferPointer) -> Void
  ) {
    self.kind = kind
    self.network = network
    self.loop = loop
    self.probesRouter = probesRouter
    self.onFrame = onFrame
  }

  var onReady: (() -> Void)?
  var onMalformed: ((Connection) -> Void)?

  var mayHaveFrames: Bool { !inbox.isEmpty }

  // No foreign process can connect.
  func senderIsProved() {}

  func listen(at path: String, gate: AcceptGate.Handlers?) throws {
    self.path = path
    network.listen(self, at: path)
  }

  func connect(to endpoint: Endpoint) throws {
    guard case .inproc(let path) = endpoint else {
      throw WireError(
        "\(endpoint) is the endpoint of another process, which this node cannot reach")
    }
    self.path = path
    network.connect(self, to: path)
  }

  func join(_ router: MemorySocket) {
    self.router = router
    number = router.admit(self)
    if probesRouter { router.deliver([], from: number) }
  }

  private func admit(_ dealer: MemorySocket) -> Connection {
    lastConnection += 1
    dealers[lastConnection] = dealer
    return lastConnection
  }

  @discardableResult
  func send(_ frame: [UInt8], to connection: Connection) -> Bool {
    guard !isClosed, frame.count <= WireLimits.frameSize else { return false }
    switch kind {
    case .dealer:
      guard let router else { return false }
      router.deliver(frame, from: number)
    case .router:
      guard let dealer = dealers[connection] else { return false }
      dealer.deliver(frame, from: 0)
    }
    network.sent()
    return true
  }

  private func deliver(_ frame: [UInt8], from connection: Connection) {
    guard !isClosed else { return }
    inbox.append((connection, frame))
    loop.turnAgain()
    if inbox.count == 1 { onReady?() }
  }

  func receive() { take(Self.framesPerTurn) }

  func receiveAll() { take(Self.framesPerTurn * 64) }

  private func take(_ count: Int) {
    var budget = count
    while budget > 0, !isClosed, let (connection, frame) = inbox.popFirst() {
      frame.withUnsafeBytes { onFrame(connection, $0) }
      budget -= 1
    }
  }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    inbox = []
    if let path { network.forget(self, at: path) }
    switch kind {
    // Frames that were sent before have arrived, as on a socket that lingers.
    case .dealer: router?.dealers[number] = nil
    case .router: cutConnections()
    }
  }

  /// Breaks a router's connections, as a proxy between the nodes would.
  func cutConnections() {
    let cut = dealers
    dealers = [:]
    inbox = []
    for (_, dealer) in cut.sorted(by: { $0.key < $1.key }) {
      dealer.router = nil
      dealer.inbox = []
      if !dealer.isClosed, let path = dealer.path { network.connect(dealer, to: path) }
    }
  }
}
