/// One frame of an edge's control socket, after the hello.
///
/// Payloads (a result, a failure, an event) are bytes here; the layers above define their meaning.
package enum ControlMessage: Equatable, Sendable {
  // From child to parent.

  /// The child is about to run its program.
  case ready
  /// The program has ended.
  case outcome(Outcome)
  /// The child has sent everything, including this many numbered frames on its data link, and
  /// leaves once the parent has replied.
  case goodbye(exitCode: Int32, linkFrames: UInt64)
  /// Lifecycle events of the child's subtree, each encoded, in order.
  case events([[UInt8]])
  /// Log records of the child's subtree, each encoded, in order.
  case log([[UInt8]])

  /// The child's loop turns, and renews its lease at the parent; a suspended lease lasts until the
  /// next renewal.
  case renewal(isSuspended: Bool)
  /// A node of the child's subtree wants to open a link to another node.
  case passWanted(from: NodePath, to: NodePath)

  // From parent to child.

  /// Accepts the hello, and proves that this is the parent.
  case welcome(ProtocolVersion, Proof)
  /// Refuses the hello.
  case refused(Refusal)
  /// Requests a stop: end the program, then the children, within the time for the whole subtree.
  case stop(StopMessage)
  /// Requests a drain: finish the work that the node has within the time, and take no other.
  case drain(StopMessage)
  /// Replies to the goodbye; the child may leave.
  case goodbyeAcknowledged
  /// Requests that the child opens the data link, at which the parent listens; from a child, asks
  /// for that.
  case openLink
  /// What the node needs for that link.
  case pass(from: NodePath, to: NodePath, Pass)

  // Both ways.

  /// An item could not be decoded; its flow stays usable.
  case rejected(flow: UInt32, reason: String)
  /// Requests what is at an address; the question is encoded.
  case lookUp(number: UInt64, question: [UInt8])
  /// Replies to the question of this number; the answer is encoded.
  case found(number: UInt64, answer: [UInt8])
}

/// A request to stop, with the time that there is for it.
package struct StopMessage: Equatable, Sendable {
  package var requestedBy: String
  package var reason: String
  package var milliseconds: Int
  /// What the request came from, encoded; nil if that is not known.
  package var origin: [UInt8]?

  package init(
    requestedBy: String, reason: String, milliseconds: Int, origin: [UInt8]? = nil
  ) {
    self.requestedBy = requestedBy
    self.reason = reason
    self.milliseconds = milliseconds
    self.origin = origin
  }
}

/// How a program ended, as the child reports it.
package enum Outcome: Equatable, Sendable {
  /// The encoded result of `run`.
  case result([UInt8])
  /// The result of `run` is too large for a control message and comes as an item of the payload
  /// stream.
  case resultOnLink
  /// The encoded error that `run` threw.
  case failure([UInt8])
  /// The program requested an exit with this code.
  case exit(Int32)
  /// The program ended because of a stop request.
  case cancelled
}
