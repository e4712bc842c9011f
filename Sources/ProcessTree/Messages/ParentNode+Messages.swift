internal import ProcessTreeLinks

extension ParentNode {
  /// Sends a message to the parent's program; suspends while the parent has not taken enough of the
  /// earlier ones (about a megabyte is under way at most).
  ///
  /// - Throws: `unreachable` if the parent has ended or the sending is finished;
  ///   `messageNotEncodable` before anything is sent; `CancellationError`.
  public func send<Message: Encodable & Sendable>(_ message: Message) async throws {
    let edge = try await edge()
    try await edge.send(MessageCoding.encode(message, at: edge.context).bytes)
  }

  /// The messages that the parent's program sends to this node, as values of one type.
  ///
  /// - Throws: `unreachable` at a root, which has no parent.
  public func messages<Message: Decodable & Sendable>(
    of type: Message.Type
  ) async throws -> EdgeMessages<Message> {
    EdgeMessages(edge: try await edge())
  }

  /// Ends the sending of messages to the parent's program: its sequence of messages ends.
  ///
  /// - Throws: `unreachable` at a root, which has no parent.
  public func finishSending() async throws {
    try await edge().finish()
  }

  private func edge() async throws -> Edge {
    let runtime = runtime
    let made = try await runtime.run { node -> Edge? in
      node.parent.map { parent in
        let context = ChannelContext(node: runtime, names: node.names)
        return Edge(LoopBound(parent.edge, on: node.loop), at: context) { message in
          runtime.perform { $0.parent?.send(message) }
        }
      }
    }
    guard let made else { throw ProcessTreeError(.unreachable, "The root has no parent.") }
    return made
  }
}
