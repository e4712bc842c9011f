import ProcessTreeBase
import ProcessTreeCZeroMQ

extension Socket {
  /// Sends a copy of some bytes, blocking the thread until there is room.
  ///
  /// - Throws: ``ZeroMQError/Code/timedOut`` if there is no room in time.
  public func send(
    _ bytes: [UInt8], more: Bool = false, timeout: Duration
  ) throws(ZeroMQError) {
    let deadline = ContinuousClock.now.after(timeout)
    while try !trySend(bytes, more: more) { try wait(for: ZMQ_POLLOUT, until: deadline) }
  }

  /// Receives one part, blocking the thread until there is one.
  ///
  /// - Throws: ``ZeroMQError/Code/timedOut`` if nothing arrives in time.
  public func receive(timeout: Duration) throws(ZeroMQError) -> Message {
    let deadline = ContinuousClock.now.after(timeout)
    var message = Message()
    while try !tryReceive(into: &message) { try wait(for: ZMQ_POLLIN, until: deadline) }
    return message
  }

  /// Receives all parts of one message, blocking the thread until they have arrived.
  ///
  /// - Throws: ``ZeroMQError/Code/timedOut`` if nothing arrives in time.
  public func receiveParts(timeout: Duration) throws(ZeroMQError) -> [[UInt8]] {
    var parts: [[UInt8]] = []
    var hasMore = true
    while hasMore {
      let part = try receive(timeout: timeout)
      parts.append(part.bytes())
      hasMore = part.hasMore
    }
    return parts
  }

  /// Blocks the thread until the socket may be able to do something.
  func wait(
    for event: Int32, until deadline: ContinuousClock.Instant
  ) throws(ZeroMQError) {
    let left = ContinuousClock.now.duration(to: deadline)
    guard left > .zero else { throw ZeroMQError(errno: ETIMEDOUT, call: "zmq_poll") }
    // A long wait is made of several, so that no duration is too long for the argument.
    let milliseconds = min(left.wholeMilliseconds, 60_000)
    var item = zmq_pollitem_t(
      socket: try usable("zmq_poll"), fd: 0, events: Int16(event), revents: 0)
    guard cz_poll(&item, 1, milliseconds) < 0 else { return }
    let failure = cz_errno()
    guard failure == EINTR else { throw ZeroMQError(errno: failure, call: "zmq_poll") }
  }
}
