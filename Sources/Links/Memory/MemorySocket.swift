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
  let station: MemoryStation
  private let loop: EventLoop
  private let probesRouter: Bool
  private let onFrame: (Connection, UnsafeRawBufferPointer) -> Void
  private var inbox: Deque<(connection: Connection, frame: [UInt8])> = []
  private var dealers: [Connection: MemorySocket] = [:]
  private var lastConnection: Connection = 0
  /// A dealer's router, and the dealer's number there.
  private weak var router: MemorySocket?
  private var number: Connection = 0
  /// A dealer's frames under way in each direction.
  private var toRouter = Transit()
  private var toDealer = Transit()
  /// The path at which a router listens, or to which a dealer connects.
  private var path: String?
  private(set) var isClosed = false

  init(
    _ kind: FrameCarrierKind, in network: MemoryNetwork, at station: MemoryStation,
    on loop: EventLoop, probesRouter: Bool,
    onFrame: @escaping (Connection, UnsafeRawBufferPointer) -> Void
  ) {
    self.kind = kind
    self.network = network
    self.station = station
    self.loop = loop
    self.probesRouter = probesRouter
    self.onFrame = onFrame
    // A node that has ended opens nothing any more.
    isClosed = station.isGone
    if !isClosed { network.opened() }
  }

  var onReady: (() -> Void)?
  var onMalformed: ((Connection) -> Void)?

  var mayHaveFrames: Bool { !inbox.isEmpty }

  // No foreign process can connect.
  func senderIsProved() {}
  func senderIsRefused() {}
  var sender: Int32? { nil }

  func listen(at path: String, gate: AcceptGate.Handlers?) throws {
    guard !isClosed else { return }
    self.path = path
    network.listen(self, at: path)
  }

  func connect(to endpoint: Endpoint) throws {
    guard case .inproc(let path) = endpoint else {
      throw WireError(
        "\(endpoint) is the endpoint of another process, which this node cannot reach")
    }
    guard !isClosed else { return }
    self.path = path
    network.connect(self, to: path)
  }

  func join(_ router: MemorySocket) {
    self.router = router
    number = router.admit(self)
    if probesRouter { router.deliver([], from: number) }
    _ = moveOn()
  }

  private func admit(_ dealer: MemorySocket) -> Connection {
    lastConnection += 1
    dealers[lastConnection] = dealer
    return lastConnection
  }

  @discardableResult
  func send(_ frame: [UInt8], to connection: Connection) -> Bool {
    guard !isClosed, frame.count <= WireLimits.frameSize else { return false }
    guard let dealer = kind == .dealer ? self : dealers[connection] else { return false }
    network.sent(frame)
    guard let router = dealer.router else {
      // It leaves with the connection.
      dealer.toRouter.append(frame, due: loop.timers.now)
      network.noteUnderWay(dealer)
      return true
    }
    if network.losesNextFrame, dealer.probesRouter {
      network.losesNextFrame = false
      router.cut(dealer)
    } else {
      dealer.transmit(frame, toRouter: kind == .dealer, router)
    }
    return true
  }

  // MARK: A dealer's connection

  /// Sends a frame along a dealer's connection, after those that are under way.
  private func transmit(_ frame: [UInt8], toRouter: Bool, _ router: MemorySocket) {
    let delay = max(station.delay, router.station.delay)
    let isEmpty = toRouter ? self.toRouter.isEmpty : toDealer.isEmpty
    guard !isEmpty || delay > .zero || isHeld(by: router) else {
      return arrive(frame, toRouter: toRouter, router)
    }
    let due = loop.timers.now.advanced(by: delay)
    toRouter ? self.toRouter.append(frame, due: due) : toDealer.append(frame, due: due)
    network.noteUnderWay(self)
    guard delay > .zero else { return }
    _ = loop.timers.schedule(after: delay) { [weak network] in network?.moveOn() }
  }

  private func isHeld(by router: MemorySocket) -> Bool {
    station.isStopped || router.station.isStopped
  }

  private func arrive(_ frame: [UInt8], toRouter: Bool, _ router: MemorySocket) {
    guard !station.isSevered, !router.station.isSevered else { return }
    toRouter ? router.deliver(frame, from: number) : deliver(frame, from: 0)
  }

  /// Whether frames of a dealer's connection are under way.
  var hasFramesUnderWay: Bool {
    // Those of a closed dealer are lost with its router, which does not know it any more.
    let canArrive = !isClosed || router?.isClosed == false
    return canArrive && !(toRouter.isEmpty && toDealer.isEmpty)
  }

  /// Has the frames of a dealer's connection arrive whose time has come; true while others are
  /// left.
  func moveOn() -> Bool {
    guard let router, !isHeld(by: router) else { return hasFramesUnderWay }
    let now = loop.timers.now
    while let frame = toRouter.pop(at: now) { arrive(frame, toRouter: true, router) }
    while let frame = toDealer.pop(at: now) { arrive(frame, toRouter: false, router) }
    return hasFramesUnderWay
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
    network.closed()
    if let path { network.forget(self, at: path) }
    switch kind {
    // Frames that were sent before arrive, as on a socket that lingers; but a node that is stopped
    // has not sent them.
    case .dealer:
      if station.isStopped { toRouter.removeAll() }
      toDealer.removeAll()
      router?.dealers[number] = nil
    case .router: cutConnections()
    }
  }

  /// Breaks a router's connections, as a proxy between the nodes would.
  func cutConnections() {
    inbox = []
    for (_, dealer) in dealers.sorted(by: { $0.key < $1.key }) { cut(dealer) }
  }

  /// Breaks the connection of a router to one dealer; frames under way are lost.
  private func cut(_ dealer: MemorySocket) {
    let number = dealer.number
    dealers[number] = nil
    inbox.removeAll { $0.connection == number }
    dealer.router = nil
    dealer.inbox = []
    dealer.toRouter.removeAll()
    dealer.toDealer.removeAll()
    if !dealer.isClosed, let path = dealer.path { network.connect(dealer, to: path) }
  }
}
