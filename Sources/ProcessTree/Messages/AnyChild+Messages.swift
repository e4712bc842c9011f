internal import ProcessTreeBase
internal import ProcessTreeLinks

extension AnyChild {
  /// Sends a message to the child's program; suspends while the child has not taken enough of the
  /// earlier ones (about a megabyte is under way at most).
  ///
  /// Throws `notStarted`, `unreachable` when the child has ended, `messageNotEncodable` before
  /// anything is sent, and `CancellationError`; a message that was cancelled is sent whole or not.
  public func send<Message: Encodable & Sendable>(_ message: Message) async throws {
    let edge = try edge()
    let (bytes, tickets) = try MessageCoding.encode(message, at: edge.context)
    carry(tickets)
    try await edge.send(bytes)
  }

  /// The messages that the child's program sends to its parent, as values of one type.
  ///
  /// Throws `notStarted` before the start.
  public func messages<Message: Decodable & Sendable>(
    of type: Message.Type
  ) async throws -> EdgeMessages<Message> {
    EdgeMessages(edge: try edge())
  }

  /// Tells the child's program that no more messages come: its sequence of messages ends.
  ///
  /// Throws `notStarted`. What is sent afterwards throws `unreachable`.
  public func finishSending() throws {
    try edge().finish()
  }

  private func edge() throws -> Edge {
    // Made with the start; what came in time can be taken after the child's end.
    guard let edge = state.withLock({ $0.edge }) else {
      try requireStarted("messages are exchanged")
      throw ProcessTreeError(.notStarted, "\(name) is only just being started.")
    }
    return edge
  }
}
