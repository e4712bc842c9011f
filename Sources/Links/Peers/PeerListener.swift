package import ProcessTreeWire
internal import ProcessTreeZeroMQ

/// A node's end of the data links that other nodes open to it.
package final class PeerListener {
  /// The node's part in the work of its listener.
  package struct Handlers {
    /// Returns the link to the peer that sent the hello; nil if that peer is not alive.
    package var link: (PeerHello) -> PeerLink?
    /// The listener has refused a peer.
    package var refused: (String) -> Void
    /// A peer has broken the protocol; the listener ignores its connection from then on.
    package var broken: (PeerLink, String) -> Void
    /// The listener has long accepted nobody, because the process has no descriptor left.
    package var exhausted: (LimitError) -> Void

    package init(
      link: @escaping (PeerHello) -> PeerLink?, refused: @escaping (String) -> Void,
      broken: @escaping (PeerLink, String) -> Void,
      exhausted: @escaping (LimitError) -> Void = { _ in }
    ) {
      self.link = link
      self.refused = refused
      self.broken = broken
      self.exhausted = exhausted
    }
  }

  private let runSecret: [UInt8]
  private let build: String
  private let handlers: Handlers
  private var socket: (any FrameCarrier)?
  /// The connection over which a peer was admitted last, and the question that it answered.
  private struct Entrance {
    var connection: FrameCarrier.Connection
    var question: UInt64
  }

  private var links: [FrameCarrier.Connection: PeerLink] = [:]
  private var entrances: [PeerAddress: Entrance] = [:]
  private static let connectionsKnown = 4_096
  private var ignored = Recent<FrameCarrier.Connection, Void>(
    capacity: connectionsKnown)
  /// The last question that each connection was asked.
  ///
  /// Questions are numbered in the order in which they are asked,
  /// so of two answers from one node the one to the later question comes from the newer connection,
  /// whichever arrives first. A connection whose question is forgotten is asked again.
  private var questions = Recent<FrameCarrier.Connection, UInt64>(
    capacity: connectionsKnown)
  private var lastQuestion: UInt64 = 0

  /// Listens at `path`; throws when it cannot be made.
  package init(
    at path: String, runSecret: [UInt8], build: String, in context: LinkContext,
    on loop: EventLoop, handlers: Handlers
  ) throws {
    self.runSecret = runSecret
    self.build = build
    self.handlers = handlers
    let socket = try context.makeSocket(.router, on: loop) {
      [unowned self] connection, frame in
      receive(frame, from: connection)
    }
    socket.onMalformed = { [unowned self] connection in
      if let link = links[connection] { breakOff(link, connection, "a message is not one frame") }
    }
    try socket.listen(
      at: path,
      gate: AcceptGate.Handlers(turnedAway: handlers.refused, exhausted: handlers.exhausted))
    self.socket = socket
  }

  /// Receives what has arrived, up to a turn's share.
  package func receive() { socket?.receive() }

  /// Receives everything that has arrived.
  package func receiveAll() { socket?.receiveAll() }

  /// Whether the next look may find something.
  package var mayHaveFrames: Bool { socket.map { $0.mayHaveFrames && !$0.isClosed } ?? false }

  /// Forgets a peer that has gone.
  package func forget(_ peer: PeerAddress) {
    guard let entrance = entrances.removeValue(forKey: peer) else { return }
    turnAway(entrance.connection)
  }

  /// Closes the socket.
  package func close() { socket?.close() }

  private func receive(_ frame: UnsafeRawBufferPointer, from connection: FrameCarrier.Connection) {
    if let link = links[connection] {
      do throws(WireError) {
        try link.receive(frame)
      } catch {
        breakOff(link, connection, error.description)
      }
      return
    }
    guard ignored[connection] == nil else { return }
    guard let question = questions[connection] else {
      // The probe of a new connection; its content does not matter.
      lastQuestion += 1
      questions.note(lastQuestion, for: connection)
      socket?.send(FlowHeader(kind: .whoIsThere, number: lastQuestion).frame(), to: connection)
      return
    }
    // A peer that does not know yet that its connection is new sends these frames again later.
    guard frame.first.map({ $0 & 0xF0 == Self.arrayByte }) ?? false else { return }
    do throws(WireError) {
      try admit(frame, from: connection, question)
    } catch {
      ignored.note((), for: connection)
      let reason = Array(error.description.limited(to: WireLimits.text).utf8)
      socket?.send(FlowHeader(kind: .refused).frame(body: reason), to: connection)
      handlers.refused(error.description)
    }
  }

  /// The first byte of a hello, an array; no other frame of a link begins with it.
  private static let arrayByte: UInt8 = 0x90

  private func admit(
    _ frame: UnsafeRawBufferPointer, from connection: FrameCarrier.Connection, _ question: UInt64
  ) throws(WireError) {
    let hello = try PeerHello(frame: Array(frame.prefix(PeerHello.largestFrame + 1)))
    if let reason = hello.refusal(runSecret: runSecret, build: build) {
      throw WireError(reason)
    }
    // The answer to an older question, over the connection before this one; the answer to this follows.
    guard hello.question >= question else { return }
    guard hello.question == question else {
      throw WireError("\(hello.address.name) answers a question that was not asked")
    }
    guard let link = handlers.link(hello), !link.isClosed else {
      throw WireError("\(hello.address.name) is not alive")
    }
    if let last = entrances[hello.address] {
      // An answer that arrives late, from a connection that has gone, ends no newer connection.
      guard question > last.question else { return ignored.note((), for: connection) }
      turnAway(last.connection)
    }
    links[connection] = link
    socket?.senderIsProved()
    entrances[hello.address] = Entrance(connection: connection, question: question)
    let welcome = FlowHeader(kind: .welcome, total: link.received, number: question)
    socket?.send(welcome.frame(), to: connection)
    link.attach(peerReceived: hello.received) { [weak self] frame in
      // A peer without a connection connects again, and then gets the frames that it lacks.
      if self?.socket?.send(frame, to: connection) != true { self?.lost(connection) }
    }
  }

  private func breakOff(_ link: PeerLink, _ connection: FrameCarrier.Connection, _ reason: String) {
    turnAway(connection)
    link.detach()
    handlers.broken(link, reason)
  }

  private func turnAway(_ connection: FrameCarrier.Connection) {
    links[connection] = nil
    ignored.note((), for: connection)
  }

  private func lost(_ connection: FrameCarrier.Connection) {
    links.removeValue(forKey: connection)?.detach()
  }
}
