internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeWire

/// One end of the link between the two halves of a host, over the connection that it has at
/// present.
///
/// Belongs to the loop.
final class HostCarrier {
  private var link = HostLink()
  private var connection: HostConnection?
  private var isClosed = false
  /// Whether somebody may wait for room.
  private var wasFull = false
  /// Whether what is sent waits for what follows.
  private var isGathering = false
  /// Whether bulk has come in this look.
  private var hasBulk = false

  /// Called with each frame, once.
  var onFrame: ((HostFrame) -> Void)?
  /// Called when something has come over the present connection.
  var onWord: (() -> Void)?
  /// Called when bytes have come over the present connection: whether they are bulk, or a part of a
  /// frame.
  var onBytes: ((_ isBulk: Bool) -> Void)?
  /// Called when the present connection has ended.
  var onCut: (() -> Void)?
  /// Called with the reason when what came breaks the protocol, which no other connection mends.
  var onBroken: ((String) -> Void)?
  /// Called when more may be brought again.
  var onRoom: (() -> Void)?

  /// Whether there is room for more bulk.
  var hasRoom: Bool { link.hasRoom }

  /// Whether there is room for more urgent frames; bounds what a long cut keeps.
  var hasUrgentRoom: Bool { link.hasUrgentRoom }

  // MARK: Connections

  /// Whether there is a connection at present.
  var isConnected: Bool { connection != nil }

  /// How many numbered frames have come, for a hello.
  var received: UInt64 { link.received }

  /// The number of the present connection; 0 before the first.
  var number: UInt32 { link.connection }

  /// Goes on over another connection, on which the peer has sent hello; returns false for one that
  /// is not newer than the present one, which is closed.
  ///
  /// - Parameter hello: The frame that goes first on it.
  func use(
    _ new: HostConnection, _ number: UInt32, peerReceived: UInt64, hello: HostFrame? = nil
  ) throws(WireError) -> Bool {
    guard !isClosed, try link.resume(over: number, peerReceived: peerReceived) else {
      new.close()
      return false
    }
    connection?.close()
    connection = new
    new.onFrame = { [unowned self] in receive($0, over: number) }
    new.onLook = { [unowned self, unowned new] in
      onBytes?(hasBulk || new.hasPart)
      hasBulk = false
      write()
    }
    new.onEnd = { [unowned self] in end($0) }
    if let hello { new.send(hello) }
    new.more = { [unowned self] in link.take(upTo: $0, $1) }
    new.onTaken = { [unowned self] in tellOfRoom() }
    write()
    return true
  }

  private func end(_ reason: HostConnection.End) {
    link.disconnect()
    connection?.close()
    connection = nil
    switch reason {
    case .ended: onCut?()
    case .broken(let error): onBroken?(error.description)
    }
  }

  /// Ends the link at this end.
  func close() {
    isClosed = true
    link.disconnect()
    connection?.close()
    connection = nil
  }

  // MARK: Frames

  func send(_ verb: HostVerb, isUrgent: Bool = true) {
    send(HostFrame(.verb, body: verb.packed(), isUrgent: isUrgent))
  }

  func send(_ frame: HostFrame) {
    guard !isClosed else { return }
    link.send(frame)
    sent()
  }

  /// Sends a frame of a relayed connection.
  ///
  /// - Parameter other: The bytes that go in its place; nil for the frame itself.
  func relay(
    _ frame: UnsafeRawBufferPointer, _ stream: UInt32, isUrgent: Bool = false,
    unless other: [UInt8]? = nil
  ) {
    guard !isClosed else { return }
    if let other {
      other.withUnsafeBytes { link.send($0, stream: stream, isUrgent: isUrgent) }
    } else {
      link.send(frame, stream: stream, isUrgent: isUrgent)
    }
    sent()
  }

  private func sent() {
    if !hasRoom || !hasUrgentRoom { wasFull = true }
    write()
  }

  private func write() {
    if !isGathering { connection?.write() }
  }

  /// Writes what is sent meanwhile at once.
  func together<Result>(_ body: () -> Result) -> Result {
    isGathering = true
    defer {
      isGathering = false
      if !link.isDrained { write() }
    }
    return body()
  }

  private func tellOfRoom() {
    guard wasFull, hasRoom, hasUrgentRoom else { return }
    wasFull = false
    onRoom?()
  }

  /// Whether all that was sent has been written to the connection, or there is none.
  var isDrained: Bool { connection.map { link.isDrained && $0.isDrained } ?? true }

  private func receive(_ frame: HostFrame, over number: UInt32) {
    do throws(WireError) {
      let news = try link.receive(frame, over: number)
      onWord?()
      if frame.kind.isNumbered, !frame.isUrgent { hasBulk = true }
      if let news { onFrame?(news) }
    } catch {
      end(.broken(error))
    }
  }

  deinit { close() }
}
