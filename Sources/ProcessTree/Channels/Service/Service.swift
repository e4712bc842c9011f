internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// The replying end of a service.
///
/// It can be sent to other nodes as a ``Receiver`` can. Each request goes to one of the nodes that
/// have an end.
public struct Service<Request: Codable & Sendable, Reply: Codable & Sendable>: Codable, Sendable {
  /// Nil in a stand-in for an end, which a check of arguments makes and nobody uses.
  private let held: ReceiverEnd?

  var end: ReceiverEnd {
    guard let held else { preconditionFailure("this stands in for an end of a channel") }
    return held
  }

  init(_ end: ReceiverEnd?) {
    held = end
  }

  /// Takes over the end from the node that sent it.
  ///
  /// - Throws: A `DecodingError` outside of programs and messages.
  public init(from decoder: any Decoder) throws {
    let (ticket, context) = try ChannelTicket.decoded(.receiver, from: decoder)
    held = ReceiverEnd(ticket, at: context, hasArrived: true)
  }

  /// Encodes the end for another node; see ``Sender/encode(to:)``.
  ///
  /// - Throws: The errors of ``Sender/encode(to:)``.
  public func encode(to encoder: any Encoder) throws { try end.encode(to: encoder) }

  /// Replies to requests until all clients have finished or the task is cancelled.
  ///
  /// An error of the handler is the reply to its request. The handler's task is cancelled when the
  /// client stops waiting or the request's deadline passes.
  ///
  /// - Parameters:
  ///   - limit: How many requests are handled at a time.
  ///   - handler: The code that makes the reply; called on the event loop.
  /// - Throws: `CancellationError`.
  public func serve(
    limit: Int = 1, _ handler: @escaping @Sendable (Request) async throws -> Reply
  ) async throws {
    try end.use()
    let desk = RequestDesk(end, limit: max(1, limit), handler)
    try await withTaskExecutorPreference(end.loop) { try await desk.serve() }
  }

  /// Replies to requests as ``serve(limit:_:)`` does, with a state that the handler may change.
  ///
  /// ```swift
  /// try await service.serve(with: [String: Int]()) { counts, word in
  ///   counts[word, default: 0] += 1
  ///   return counts[word, default: 0]
  /// }
  /// ```
  ///
  /// The state needs no lock, because requests are handled one after another. Changes that the
  /// handler made before it threw or was cancelled remain.
  ///
  /// - Parameters:
  ///   - state: The initial state.
  ///   - handler: The code that changes the state and makes the reply; called on the event loop.
  /// - Returns: The final state.
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

  /// Ends the replying; requests without a reply go to other nodes of the service.
  public func close() { end.close() }
}

/// A handler with the state that it changes.
///
/// Sharing it is safe because one request at a time uses it, on the loop.
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
  /// Makes a service, in which one of the serving nodes replies to each client's request.
  ///
  /// - Parameters:
  ///   - request: The type of requests.
  ///   - reply: The type of replies.
  ///   - attempts: How many nodes of the service a request may kill before it fails.
  /// - Returns: A client and a service, which can be sent to any number of nodes.
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
