internal import Links
internal import MessagePack
internal import Synchronization
internal import Wire

/// The answering end of a service.
///
/// It travels as a ``Receiver`` does; several nodes may have one, and each request goes to one of
/// them.
public struct Service<Request: Codable & Sendable, Reply: Codable & Sendable>: Codable, Sendable {
  let end: ReceiverEnd

  init(_ end: ReceiverEnd) {
    self.end = end
  }

  /// Takes the end over from the node that sent it.
  ///
  /// Throws a `DecodingError` outside of programs and messages.
  public init(from decoder: any Decoder) throws {
    let (ticket, context) = try ChannelTicket.decoded(.receiver, from: decoder)
    end = ReceiverEnd(ticket, at: context, hasArrived: true)
  }

  /// Sends the end to another node; see ``Sender/encode(to:)``.
  public func encode(to encoder: any Encoder) throws { try end.encode(to: encoder) }

  /// Answers requests until all clients have finished, or the task is cancelled.
  ///
  /// An error of the handler is the answer to its request. The handler's task is cancelled when the
  /// client does not wait any more, or the request's deadline has passed.
  ///
  /// - Parameters:
  ///   - limit: How many requests are handled at a time, at most.
  ///   - handler: Makes the answer; called on the event loop.
  /// - Throws: `CancellationError`.
  public func serve(
    limit: Int = 1, _ handler: @escaping @Sendable (Request) async throws -> Reply
  ) async throws {
    try end.use()
    let desk = RequestDesk(self)
    try await withTaskExecutorPreference(end.loop) {
      try await desk.serve(limit: max(1, limit), handler)
    }
  }

  /// Answers nothing more: requests that have no answer go to other nodes of the service.
  public func close() { end.close() }
}

extension Node {
  /// Makes a service: clients ask, and one of the nodes that serve answers.
  ///
  /// - Parameters:
  ///   - request: What clients send.
  ///   - reply: What they get.
  ///   - attempts: How many nodes of the service a request may kill before it fails.
  public func makeService<Request: Codable & Sendable, Reply: Codable & Sendable>(
    of request: Request.Type, returning reply: Reply.Type, attempts: Int = 3
  ) -> (client: Client<Request, Reply>, service: Service<Request, Reply>) {
    let (sender, receiver) = makeEnds(
      .init(
        kind: .service, overflow: .suspend, prefetch: 64,
        attempts: UInt32(clamping: max(1, attempts))))
    return (Client(sender), Service(receiver))
  }
}
