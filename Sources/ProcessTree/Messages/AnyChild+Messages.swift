internal import ProcessTreeBase
internal import ProcessTreeLinks

extension AnyChild {
  /// Sends a message to the child's program; suspends while the child has not taken enough of the
  /// earlier ones (about a megabyte is under way at most).
  ///
  /// If the task is cancelled, the message is sent whole or not at all.
  ///
  /// - Throws: `notStarted`; `unreachable` if the child has ended or the sending is finished;
  ///   `messageNotEncodable` before anything is sent; `CancellationError`.
  public func send<Message: Encodable & Sendable>(_ message: Message) async throws {
    let edge = try edge()
    let (bytes, tickets) = try MessageCoding.encode(message, at: edge.context)
    carry(tickets)
    try await edge.send(bytes)
  }

  /// The messages that the child's program sends to its parent, as values of one type.
  ///
  /// - Throws: `notStarted` before the start.
  public func messages<Message: Decodable & Sendable>(
    of type: Message.Type
  ) async throws -> EdgeMessages<Message> {
    EdgeMessages(edge: try edge())
  }

  /// Ends the sending of messages to the child's program: its sequence of messages ends.
  ///
  /// Sending afterwards throws `unreachable`.
  ///
  /// - Throws: `notStarted` before the start.
  public func finishSending() throws {
    try edge().finish()
  }

  private func edge() throws -> Edge {
    // Made with the start; messages that came in time can be received after the child's end.
    guard let edge = state.withLock({ $0.edge }) else {
      try requireStarted("messages are exchanged")
      throw ProcessTreeError(.notStarted, "\(name) is only just being started.")
    }
    return edge
  }
}
