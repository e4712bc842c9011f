import ProcessTreeCZeroMQ

extension Socket {
  /// Receives one part into a message, whose old contents are released; false when there is none.
  ///
  /// When it returns false or throws, the message is empty or as it was.
  ///
  /// - Throws: The error of libzmq, also for a socket that is closed or inherited from another
  ///   process.
  public func tryReceive(into message: inout Message) throws(ZeroMQError) -> Bool {
    let handle = try usable("zmq_msg_recv")
    while message.withPointer({ cz_msg_recv($0, handle, ZMQ_DONTWAIT) }) < 0 {
      if try wouldBlock(cz_errno(), "zmq_msg_recv") { return false }
    }
    return true
  }
}
