package import ProcessTreeWire
internal import ProcessTreeZeroMQ

/// A parent's end of the control connections of its children: a stream for each that inherits one,
/// and a socket for those that connect.
///
/// Peers that do not prove to be an expected child are answered once, counted and ignored.
package final class EdgeListener {
  /// The reports of a listener to its node.
  package struct Handlers {
    /// A child has proved itself; from now on it can be sent to.
    package var admitted: (UInt32, Hello) -> Void
    /// A frame of a child; the bytes are valid during the call.
    package var frame: (UInt32, UnsafeRawBufferPointer) -> Void
    /// A child's connection has brought something else than frames.
    package var broken: (UInt32) -> Void
    /// A child does not read what it is sent over the stream that it inherited.
    package var overfull: (UInt32) -> Void
    /// A peer was turned away.
    package var refused: (String) -> Void
    /// Nobody could be let in for long, because descriptors were lacking.
    package var exhausted: (LimitError) -> Void

    package init(
      admitted: @escaping (UInt32, Hello) -> Void,
      frame: @escaping (UInt32, UnsafeRawBufferPointer) -> Void,
      broken: @escaping (UInt32) -> Void = { _ in },
      overfull: @escaping (UInt32) -> Void = { _ in },
      refused: @escaping (String) -> Void,
      exhausted: @escaping (LimitError) -> Void = { _ in }
    ) {
      self.admitted = admitted
      self.frame = frame
      self.broken = broken
      self.overfull = overfull
      self.refused = refused
      self.exhausted = exhausted
    }
  }

  /// Whether children can connect.
  package var isListening: Bool { socket != nil }

  /// Descriptors that have to be free beside the one for a connection, or it has to wait.
  package static let descriptorReserve = AcceptGate.reserve

  private let handlers: Handlers
  private var socket: (any FrameCarrier)?
  private var streams: [UInt32: FrameStream] = [:]
  private var admission: Admission
  /// Which child a connection is, and the reverse.
  private var children: [FrameCarrier.Connection: UInt32] = [:]
  private var connections: [UInt32: FrameCarrier.Connection] = [:]
  /// Connections that are not listened to any more: of peers that were turned away or have gone.
  private var ignored = Recent<FrameCarrier.Connection, Void>(
    capacity: 4_096)
  /// The frames that have come of each child that another process connects for.
  private var carried: [UInt32: UInt64] = [:]
  /// Peers that were turned away.
  package private(set) var refusals = 0

  /// Makes an end without a socket.
  package init(build: String, secret: NodeSecret, handlers: Handlers) {
    self.handlers = handlers
    admission = Admission(build: build, secret: secret)
  }

  /// Makes an end that listens at `path`.
  package convenience init(
    at path: String, build: String, secret: NodeSecret, in context: LinkContext,
    on loop: EventLoop, handlers: Handlers
  ) throws {
    self.init(build: build, secret: secret, handlers: handlers)
    try listen(at: path, in: context, on: loop)
  }

  /// Listens at `path`; throws when the path is too long or cannot be made.
  package func listen(at path: String, in context: LinkContext, on loop: EventLoop) throws {
    let socket = try context.makeSocket(.router, on: loop) {
      [unowned self] connection, frame in
      receive(frame, from: connection)
    }
    socket.onMalformed = { [unowned self] connection in
      if let position = children[connection] { self.handlers.broken(position) }
    }
    try socket.listen(
      at: path,
      gate: AcceptGate.Handlers(
        turnedAway: { [unowned self] in turnedAway($0) },
        exhausted: handlers.exhausted))
    self.socket = socket
  }

  /// Expects a child from now on.
  ///
  /// - Parameters:
  ///   - position: The child's place.
  ///   - attempt: The number of the attempt to start it.
  ///   - name: The child's name.
  ///   - carrier: The process that connects in its place, whose frames are counted.
  package func expect(
    _ position: UInt32, attempt: UInt32, name: String, carrier: Int32? = nil
  ) {
    admission.expect(position, attempt: attempt, name: name, carrier: carrier)
    if carrier != nil { carried[position] = 0 }
  }

  /// Takes over the stream of which an expected child inherits the other end.
  package func join(_ stream: FrameStream, of position: UInt32) {
    streams[position] = stream
    stream.onFrame = { [unowned self, unowned stream] in receive($0, over: stream, of: position) }
    stream.onMalformed = { [unowned self] in handlers.broken(position) }
    stream.onOverflow = { [unowned self] in handlers.overfull(position) }
  }

  /// How many frames of a carried child have come, with its hello.
  package func framesCarried(of position: UInt32) -> UInt64 { carried[position] ?? 0 }

  /// Forgets a child that has gone.
  package func forget(_ position: UInt32) {
    admission.forget(position)
    if !carried.isEmpty { carried[position] = nil }
    streams.removeValue(forKey: position)?.onFrame = nil
    if let connection = connections.removeValue(forKey: position) {
      children[connection] = nil
      // Its last frames may still be on their way.
      ignored.note((), for: connection)
    }
  }

  /// Sends a frame to a child; false when it is not connected.
  @discardableResult
  package func send(_ frame: [UInt8], to position: UInt32) -> Bool {
    if let stream = streams[position] { return stream.send(frame) }
    guard let connection = connections[position], let socket else { return false }
    return socket.send(frame, to: connection)
  }

  /// Takes what has come, up to a turn's share.
  package func receive() { socket?.receive() }

  /// Takes all that has come from a child, whether or not it has been announced.
  package func receiveAll(from position: UInt32) {
    if let stream = streams[position] { return stream.receiveAll() }
    socket?.receiveAll()
  }

  /// Whether the next look may find something.
  package var mayHaveFrames: Bool { socket.map { $0.mayHaveFrames && !$0.isClosed } ?? false }

  /// Closes the socket; children are not informed.
  package func close() { socket?.close() }

  private func receive(_ frame: UnsafeRawBufferPointer, from connection: FrameCarrier.Connection) {
    if let position = children[connection] {
      if !carried.isEmpty { carried[position]? += 1 }
      handlers.frame(position, frame)
      return
    }
    guard ignored[connection] == nil else { return }
    do {
      let hello = try Hello(frame: Array(frame.prefix(Hello.largestFrame + 1)))
      let sender = socket?.sender
      guard sender != 0 else { return ignored.note((), for: connection) }
      let position = try admission.admit(hello, from: sender)
      children[connection] = position
      connections[position] = connection
      if !carried.isEmpty { carried[position]? += 1 }
      socket?.senderIsProved()
      guard let proof = admission.welcome(hello) else { return }
      socket?.send(ControlMessage.welcome(.current, proof).frame(), to: connection)
      handlers.admitted(position, hello)
    } catch let refusal as Refusal {
      refuse(connection, refusal)
    } catch {
      refuse(connection, Refusal(.malformed, "\(error)"))
    }
  }

  /// Takes a frame of a child over its stream, which nobody else has: the parent need not prove
  /// itself.
  private func receive(
    _ frame: UnsafeRawBufferPointer, over stream: FrameStream, of position: UInt32
  ) {
    guard stream.takesMarks else { return handlers.frame(position, frame) }
    do {
      let hello = try Hello(frame: Array(frame.prefix(Hello.largestFrame + 1)))
      guard hello.position == position else { throw Refusal.unproved }
      _ = try admission.admit(hello, from: nil)
      stream.takesMarks = false
      handlers.admitted(position, hello)
    } catch {
      let refusal = error as? Refusal ?? Refusal(.malformed, "\(error)")
      refusals += 1
      stream.onFrame = nil
      stream.send(ControlMessage.refused(refusal).frame())
      handlers.refused(refusal.reason)
    }
  }

  private func turnedAway(_ reason: String) {
    refusals += 1
    handlers.refused(reason)
  }

  private func refuse(_ connection: FrameCarrier.Connection, _ refusal: Refusal) {
    ignored.note((), for: connection)
    guard socket?.hasSenderEnded != true else { return }
    refusals += 1
    socket?.send(ControlMessage.refused(refusal).frame(), to: connection)
    socket?.senderIsRefused()
    handlers.refused(refusal.reason)
  }
}
