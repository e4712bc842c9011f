internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// The asking end of a service; see ``Node/makeService(of:returning:attempts:)``.
///
/// It travels as a ``Sender`` does, and may be used from many tasks at once.
public struct Client<Request: Codable & Sendable, Reply: Codable & Sendable>: Codable, Sendable {
  let end: SenderEnd

  init(_ end: SenderEnd) {
    self.end = end
  }

  /// Takes the end over from the node that sent it.
  ///
  /// Throws a `DecodingError` outside of programs and messages.
  public init(from decoder: any Decoder) throws {
    let (ticket, context) = try ChannelTicket.decoded(.sender, from: decoder)
    end = SenderEnd(ticket, at: context, hasArrived: true)
  }

  /// Sends the end to another node; see ``Sender/encode(to:)``.
  public func encode(to encoder: any Encoder) throws { try end.encode(to: encoder) }

  /// Asks, and waits for the answer.
  ///
  /// A request whose node dies goes to another node of the service. The deadline travels along: the
  /// handler is cancelled when it has passed, or when this task is cancelled.
  ///
  /// Throws the handler's error as a ``RemoteFailure``, `deadlinePassed`, `unreachable` when no node
  /// of the service is left, `itemQuarantined` when the request has killed its nodes,
  /// `messageNotEncodable`, `messageNotDecodable` and `CancellationError`.
  ///
  /// - Parameters:
  ///   - request: What is asked.
  ///   - timeout: How long to wait at most; nil is for ever.
  public func call(_ request: Request, timeout: Duration? = nil) async throws -> Reply {
    try end.use()
    let envelope = RequestEnvelope(
      milliseconds: timeout.map { max(0, $0.wholeMilliseconds) }, request: request)
    let bytes = try MessageCoding.encode(envelope, at: end.context).bytes
    let answer = try await answer(to: bytes, within: timeout)
    let reply = try MessageCoding.decode(
      ReplyEnvelope<Reply>.self, from: answer, at: end.context)
    switch reply {
    case .reply(let value): return value
    case .failure(let failure): throw failure
    case .late: throw Self.deadlinePassed
    }
  }

  private static var deadlinePassed: ProcessTreeError {
    ProcessTreeError(.deadlinePassed, "The service did not answer in time.")
  }

  private func answer(to bytes: [UInt8], within timeout: Duration?) async throws -> [UInt8] {
    let end = end
    @Sendable func call() async throws -> [UInt8] {
      do {
        return try await withTaskExecutorPreference(end.loop) {
          try await end.node.lendingSlot { try await end.core.value.call(bytes) }
        }
      } catch let error as LinkError {
        try Task.checkCancellation()
        throw ProcessTreeError(error)
      }
    }
    guard let timeout else { return try await call() }
    return try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
      group.addTask { try await call() }
      group.addTask {
        try await end.loop.sleep(for: timeout)
        return nil
      }
      defer { group.cancelAll() }
      guard let answer = try await group.next() ?? nil else { throw Self.deadlinePassed }
      return answer
    }
  }

  /// Asks nothing more.
  public func finish() { end.finish() }
}

/// A request with what is left of its time.
struct RequestEnvelope<Request: Codable & Sendable>: Codable, Sendable {
  var milliseconds: Int?
  var request: Request
}

/// What comes back for a request.
enum ReplyEnvelope<Reply: Codable & Sendable>: Codable, Sendable {
  case reply(Reply)
  case failure(RemoteFailure)
  case late
}
