internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// The requesting end of a service; see ``Node/makeService(of:returning:attempts:)``.
///
/// It can be sent to other nodes as a ``Sender`` can. Usable from any thread and from many tasks at
/// once.
public struct Client<Request: Codable & Sendable, Reply: Codable & Sendable>: Codable, Sendable {
  let end: SenderEnd

  init(_ end: SenderEnd) {
    self.end = end
  }

  /// Takes over the end from the node that sent it.
  ///
  /// - Throws: A `DecodingError` outside of programs and messages.
  public init(from decoder: any Decoder) throws {
    let (ticket, context) = try ChannelTicket.decoded(.sender, from: decoder)
    end = SenderEnd(ticket, at: context, hasArrived: true)
  }

  /// Encodes the end for another node; see ``Sender/encode(to:)``.
  public func encode(to encoder: any Encoder) throws { try end.encode(to: encoder) }

  /// Sends a request and waits for the reply.
  ///
  /// If the node that works on a request dies, the request goes to another node of the service. The
  /// handler is cancelled when the deadline passes or this task is cancelled.
  ///
  /// - Parameters:
  ///   - request: The request.
  ///   - timeout: How long to wait; `nil` for any time.
  /// - Returns: The reply.
  /// - Throws: The handler's error as a ``RemoteFailure``; `deadlinePassed`; `unreachable` if no
  ///   node of the service is left; `itemQuarantined` if the request has killed its nodes;
  ///   `messageNotEncodable`; `messageNotDecodable`; and `CancellationError`.
  public func call(_ request: Request, timeout: Duration? = nil) async throws -> Reply {
    try end.use()
    let envelope = RequestEnvelope(
      milliseconds: timeout.map { max(0, $0.wholeMilliseconds) }, request: request)
    let bytes = try MessageCoding.encode(envelope, at: end.context).bytes
    let answer = try await answer(to: bytes, within: timeout)
    let reply = try answer.withUnsafeBytes {
      try MessageCoding.decode(
        ReplyEnvelope<Reply>.self, from: $0, with: MessageCoding.decoder(at: end.context))
    }
    switch reply {
    case .reply(let value): return value
    case .failure(let failure): throw failure
    case .late: throw Self.deadlinePassed(because: "the node that had the request ended the work")
    }
  }

  private static func deadlinePassed(because reason: String) -> ProcessTreeError {
    ProcessTreeError(.deadlinePassed, "The service did not reply in time: \(reason).")
  }

  /// Why there is no reply yet.
  private func delay() async -> String {
    let waits = try? await end.core.run { $0.waits }
    let peers = waits?.first { $0.purpose == .reply }?.peers.map(\.subject) ?? []
    return peers.isEmpty
      ? "no node of the service has joined" : "it waits for \(peers.joined(separator: ", "))"
  }

  private func answer(to bytes: [UInt8], within timeout: Duration?) async throws -> [UInt8] {
    let end = end
    @Sendable func call() async throws -> [UInt8] {
      try await ProcessTreeError.translatingLinkErrors {
        try await withTaskExecutorPreference(end.loop) {
          try await end.node.lendingSlot { try await end.core.value.call(bytes) }
        }
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
      guard let answer = try await group.next() ?? nil else {
        throw Self.deadlinePassed(because: await delay())
      }
      return answer
    }
  }

  /// Ends the sending of requests.
  public func finish() { end.finish() }
}

/// A request with its remaining time.
struct RequestEnvelope<Request: Codable & Sendable>: Codable, Sendable {
  var milliseconds: Int?
  var request: Request
}

enum ReplyEnvelope<Reply: Codable & Sendable>: Codable, Sendable {
  case reply(Reply)
  case failure(RemoteFailure)
  case late
}
