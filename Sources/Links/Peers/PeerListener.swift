package import ProcessTreeWire
internal import ProcessTreeZeroMQ

/// A node's end of the data links that other nodes open to it.
package final class PeerListener {
  /// The node's part in the work of its listener.
  package struct Handlers {
    /// Returns the link to the peer that sent the hello; nil if that peer is not alive.
    package var link: (PeerHello) -> PeerLink?
    /// Returns the process that connects in the place of a peer on another host; nil for any other
    /// peer.
    package var carrier: (PeerAddress) -> Int32?
    /// The listener has refused a peer.
    package var refused: (String) -> Void
    /// A peer has broken the protocol; the listener ignores its connection from then on.
    package var broken: (PeerLink, String) -> Void
    /// The gate that speaks for a peer reports that nothing more comes from it.
    package var closed: (PeerAddress, PeerVerdict) -> Void
    /// The listener has long accepted nobody, because the process has no descriptor left.
    package var exhausted: (LimitError) -> Void

    package init(
      link: @escaping (PeerHello) -> PeerLink?,
      carrier: @escaping (PeerAddress) -> Int32? = { _ in nil },
      refused: @escaping (String) -> Void,
      broken: @escaping (PeerLink, String) -> Void,
      closed: @escaping (PeerAddress, PeerVerdict) -> Void = { _, _ in },
      exhausted: @escaping (LimitError) -> Void = { _ in }
    ) {
      self.link = link
      self.carrier = carrier
      self.refused = refused
      self.broken = broken
      self.closed = closed
      self.exhausted = exhausted
    }
  }

  private let secret: @Sendable (PeerAddress) -> LinkSecret?
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
  ///
  /// - Parameters:
  ///   - path: Where the socket is made.
  ///   - build: The identity of this program's build.
  ///   - context: The node's sockets.
  ///   - loop: The node's loop.
  ///   - secret: What the link from a node is proved with.
  ///   - handlers: The node's part.
  package init(
    at path: String, build: String, in context: LinkContext, on loop: EventLoop,
    secret: @escaping @Sendable (PeerAddress) -> LinkSecret?, handlers: Handlers
  ) throws {
    self.secret = secret
    self.build = build
    self.handlers = handlers
    let socket = try context.makeSocket(.router, on: loop, mayHaveRings: true) {
      [unowned self] connection, frame in
      receive(frame, from: connection)
    }
    socket.onRingBroken = { [unowned self] connection, reason in
      if let link = links[connection] { breakOff(link, connection, reason) }
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
    if frame.first == FlowHeader.Kind.closed.rawValue { return hearGate(frame, connection) }
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
    do throws(Refusal) {
      try admit(frame, from: connection, question)
    } catch {
      ignored.note((), for: connection)
      // A half whose host is over has gone before its last frames were taken.
      guard socket?.hasSenderEnded != true else { return }
      socket?.send(error.frame(), to: connection)
      socket?.senderIsRefused()
      handlers.refused(error.reason)
    }
  }

  /// Takes a gate's word about a peer that can no longer prove itself over this connection.
  private func hearGate(_ frame: UnsafeRawBufferPointer, _ connection: FrameCarrier.Connection) {
    guard let word = try? PeerVerdict.read(frame),
      let carrier = handlers.carrier(word.peer), carrier == socket?.sender
    else { return }
    socket?.send(PeerVerdict.heard, to: connection)
    handlers.closed(word.peer, word.verdict)
  }

  /// The first byte of a hello, an array; no other frame of a link begins with it.
  private static let arrayByte: UInt8 = 0x90

  private func admit(
    _ frame: UnsafeRawBufferPointer, from connection: FrameCarrier.Connection, _ question: UInt64
  ) throws(Refusal) {
    let hello = try Self.hello(frame)
    var sender = socket?.sender
    // The connection is gone: its peer comes again, over another.
    guard sender != 0 else { return }
    guard let secret = secret(hello.address) else { throw .unproved }
    let carrier = handlers.carrier(hello.address)
    if let carrier {
      guard sender == carrier else { throw .unproved }
      sender = hello.address.pid
    }
    if let refusal = hello.refusal(by: secret, build: build, from: sender) {
      throw refusal
    }
    // The answer to an older question, over the connection before this one; the answer to this
    // follows.
    guard hello.question >= question else { return }
    guard hello.question == question else {
      throw Refusal(
        .malformed, "\(hello.address.name) answers a question that was not asked")
    }
    guard let link = handlers.link(hello), !link.isClosed else {
      throw Refusal(.notAlive, "\(hello.address.name) is not alive")
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
    socket?.send(welcome.frame(body: secret.welcomeProof(question).bytes), to: connection)
    if carrier != nil { socket?.allowRing(for: connection) }
    link.attach(peerReceived: hello.received) { [weak self] frame in
      // A peer without a connection connects again, and then gets the frames that it lacks.
      if self?.socket?.send(frame, to: connection) != true { self?.lost(connection) }
    }
  }

  private static func hello(_ frame: UnsafeRawBufferPointer) throws(Refusal) -> PeerHello {
    do throws(WireError) {
      return try PeerHello(frame: Array(frame.prefix(PeerHello.largestFrame + 1)))
    } catch {
      throw Refusal(.malformed, error.description)
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
    socket?.forget(connection)
  }

  private func lost(_ connection: FrameCarrier.Connection) {
    links.removeValue(forKey: connection)?.detach()
  }
}
