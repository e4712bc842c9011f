internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
internal import ProcessTreeWire
internal import Synchronization

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

  /// Answers requests one after another with a state that the handler may change, until all clients
  /// have finished, or the task is cancelled.
  ///
  /// ```swift
  /// try await service.serve(with: [String: Int]()) { counts, word in
  ///   counts[word, default: 0] += 1
  ///   return counts[word, default: 0]
  /// }
  /// ```
  ///
  /// The state needs no lock: the next request is handled when the one before has been. What the
  /// handler had changed when it threw, or was cancelled, stays. Else all is as in
  /// ``serve(limit:_:)``.
  ///
  /// - Parameters:
  ///   - state: What the state is at the beginning.
  ///   - handler: Changes the state and makes the answer; called on the event loop.
  /// - Returns: The state in the end.
  /// - Throws: `CancellationError`.
  @discardableResult
  public func serve<State>(
    with state: sending State,
    _ handler: sending @escaping (inout State, Request) async throws -> Reply
  ) async throws -> State {
    let stateful = StatefulHandler(state, handler)
    try await serve(limit: 1) { request in try await stateful.answer(request) }
    return stateful.state
  }

  /// Answers nothing more: requests that have no answer go to other nodes of the service.
  public func close() { end.close() }
}

/// A handler with the state that it changes.
///
/// Used by one request at a time, on the loop; that makes it safe to share.
private final class StatefulHandler<State, Request: Sendable, Reply: Sendable>: @unchecked Sendable
{
  private(set) var state: State
  private let handler: (inout State, Request) async throws -> Reply

  init(
    _ state: sending State,
    _ handler: sending @escaping (inout State, Request) async throws -> Reply
  ) {
    self.state = state
    self.handler = handler
  }

  func answer(_ request: Request) async throws -> Reply { try await handler(&state, request) }
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
