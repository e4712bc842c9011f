/// One frame of an edge's control socket, after the hello.
///
/// Everything that a payload means (a result, a failure, an event) is the business of the layers
/// above; here it is bytes.
package enum ControlMessage: Equatable, Sendable {
  // From child to parent.

  /// The child is about to run its program.
  case ready
  /// The program has ended.
  case outcome(Outcome)
  /// The child has said all that it had to say, the last of it in so many frames on its data socket,
  /// and leaves once this is acknowledged.
  case goodbye(exitCode: Int32, dataFrames: UInt64)
  /// Lifecycle events of the child's subtree, each encoded, in order.
  case events([[UInt8]])
  /// Log records of the child's subtree, each encoded, in order.
  case log([[UInt8]])

  // From parent to child.

  /// The hello was accepted.
  case welcome(ProtocolVersion)
  /// The hello was not accepted, and why.
  case refused(String)
  /// Stop: end the program, then the children, within `milliseconds` for the whole subtree.
  case stop(requestedBy: String, reason: String, milliseconds: Int)
  /// The goodbye was recorded; the child may leave.
  case goodbyeAcknowledged
  /// Connect the data socket: there is something to send on it.
  case connectData

  // Both ways.

  /// An item could not be decoded; its channel stays usable.
  case rejected(channel: UInt16, reason: String)
}

/// How a program ended, as the child says it.
package enum Outcome: Equatable, Sendable {
  /// What `run` returned, encoded.
  case result([UInt8])
  /// What `run` returned is too large for a control message: an item of the payload channel.
  case resultOnDataSocket
  /// The error that `run` threw, encoded.
  case failure([UInt8])
  /// The program asked to exit with this code.
  case exit(Int32)
  /// The program ended because it had been asked to stop.
  case cancelled
}
