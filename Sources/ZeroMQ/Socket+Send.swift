import ProcessTreeCZeroMQ

extension Socket {
  /// Sends a copy of some bytes; false if that would block.
  ///
  /// - Parameters:
  ///   - bytes: The bytes; the caller may reuse them at once.
  ///   - more: Whether further parts of the same message follow.
  /// - Throws: The error of libzmq, also for a socket that is closed or inherited from another
  ///   process.
  public func trySend(
    _ bytes: UnsafeRawBufferPointer, more: Bool = false
  ) throws(ZeroMQError) -> Bool {
    let handle = try usable("zmq_send")
    let flags = more ? ZMQ_DONTWAIT | ZMQ_SNDMORE : ZMQ_DONTWAIT
    while cz_send(handle, bytes.baseAddress, bytes.count, flags) < 0 {
      if try wouldBlock(cz_errno(), "zmq_send") { return false }
    }
    return true
  }

  /// Sends a copy of some bytes; false if that would block.
  ///
  /// - Parameters:
  ///   - bytes: The bytes of the part.
  ///   - more: Whether further parts of the same message follow.
  /// - Throws: The error of libzmq, also for a socket that is closed or inherited from another
  ///   process.
  public func trySend(_ bytes: [UInt8], more: Bool = false) throws(ZeroMQError) -> Bool {
    let handle = try usable("zmq_send")
    let flags = more ? ZMQ_DONTWAIT | ZMQ_SNDMORE : ZMQ_DONTWAIT
    while cz_send(handle, bytes, bytes.count, flags) < 0 {
      if try wouldBlock(cz_errno(), "zmq_send") { return false }
    }
    return true
  }

  /// Sends a message without copying it; false if that would block.
  ///
  /// - Parameters:
  ///   - message: The message. It is empty afterwards, or unchanged if nothing was sent.
  ///   - more: Whether further parts of the same message follow.
  /// - Throws: The error of libzmq, also for a socket that is closed or inherited from another
  ///   process.
  public func trySend(_ message: inout Message, more: Bool = false) throws(ZeroMQError) -> Bool {
    let handle = try usable("zmq_msg_send")
    let flags = more ? ZMQ_DONTWAIT | ZMQ_SNDMORE : ZMQ_DONTWAIT
    while message.withPointer({ cz_msg_send($0, handle, flags) }) < 0 {
      if try wouldBlock(cz_errno(), "zmq_msg_send") { return false }
    }
    return true
  }

  /// True for a full or empty queue, false for a call to repeat; throws for the rest.
  @inline(never)
  func wouldBlock(_ failure: Int32, _ call: StaticString) throws(ZeroMQError) -> Bool {
    switch failure {
    case EAGAIN: return true
    case EINTR: return false
    default: throw ZeroMQError(errno: failure, call: "\(call)")
    }
  }
}
