internal import Links
internal import Synchronization

extension AnyChild {
  /// Sends a message to the child's program; suspends while the child has not taken enough of the
  /// earlier ones (about a megabyte is under way at most).
  ///
  /// Throws `notStarted`, `unreachable` when the child has ended, `messageNotEncodable` before
  /// anything is sent, and `CancellationError`; a message that was cancelled is sent whole or not.
  public func send<Message: Encodable & Sendable>(_ message: Message) async throws {
    try await edge().send(MessageCoding.encode(message))
  }

  /// The messages that the child's program sends to its parent, as values of one type.
  ///
  /// Throws `notStarted` before the start.
  public func messages<Message: Decodable & Sendable>(
    of type: Message.Type
  ) async throws -> EdgeMessages<Message> {
    EdgeMessages(edge: try await edge())
  }

  private func edge() async throws -> Edge {
    try requireStarted("messages are exchanged")
    if let made = state.withLock(\.edge) { return made }
    let made = try await node.run { [self] runtime -> Edge? in
      runtime.controller(of: self).map { controller in
        let channel = controller.dataLink.channel(EdgeChannels.messages)
        return Edge(LoopBound(channel, on: runtime.loop)) { [node, specification] message in
          node.perform { $0.controllers[specification.position]?.send(message) }
        }
      }
    }
    guard let made else {
      throw ProcessTreeError(.unreachable, "\(name) has ended.")
    }
    return state.withLock { state in
      let edge = state.edge ?? made
      state.edge = edge
      return edge
    }
  }
}
