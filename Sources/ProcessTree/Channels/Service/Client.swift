internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// The requesting end of a service; see ``Node/makeService(of:returning:attempts:)``.
///
/// It can be sent to other nodes as a ``Sender`` can. Usable from any thread and from many tasks at
/// once.
public struct Client<Request: Codable & Sendable, Reply: Codable & Sendable>: Codable, Sendable {
  /// Nil in a stand-in for an end, which a check of arguments makes and nobody uses.
  private let held: SenderEnd?

  var end: SenderEnd {
    guard let held else { preconditionFailure("this stands in for an end of a channel") }
    return held
  }

  init(_ end: SenderEnd?) {
    held = end
  }

  /// Takes over the end from the node that sent it.
  ///
  /// - Throws: A `DecodingError` outside of programs and messages.
  public init(from decoder: any Decoder) throws {
    let (ticket, context) = try ChannelTicket.decoded(.sender, from: decoder)
    held = SenderEnd(ticket, at: context, hasArrived: true)
  }

  /// Encodes the end for another node; see ``Sender/encode(to:)``.
  ///
  /// - Throws: The errors of ``Sender/encode(to:)``.
  public func encode(to encoder: any Encoder) throws { try end.encode(to: encoder) }

  /// Sends a request and waits for the reply.
  ///
  /// If the node that works on a request dies, the request goes to another node of the service. The
  /// handler is cancelled when the deadline passes or this task is cancelled; the node goes on.
  ///
  /// The deadline is the one of this call or that of the surrounding code, ``Node/deadline``,
  /// whichever is sooner. It travels with the request: the handler has it, and so has what it
  /// requests.
  ///
  /// - Parameters:
  ///   - request: The request.
  ///   - timeout: How long to wait; `nil` for as long as the surrounding code may.
  /// - Returns: The reply.
  /// - Throws: The handler's error as a ``RemoteFailure``; `deadlinePassed`; `unreachable` if no
  ///   node of the service is left; `itemQuarantined` if the request has killed its nodes;
  ///   `messageNotEncodable`; `messageNotDecodable`; and `CancellationError`.
  public func call(_ request: Request, timeout: Duration? = nil) async throws -> Reply {
    try end.use()
    let deadline = RequestDeadline.soonest(
      within: timeout, setBy: end.context.names.nodeAddress, on: end.loop)
    try deadline?.check()
    let coder = end.envelopes
    let bytes = try coder.encode(request, by: deadline?.name)
    let answer = try await answer(to: bytes, by: deadline)
    return try answer.withUnsafeBytes { try decode($0, with: coder, deadline) }
  }

  /// The reply in an answer; throws what the answer carries instead.
  private func decode(
    _ answer: UnsafeRawBufferPointer, with coder: EnvelopeCoder, _ deadline: RequestDeadline?
  ) throws -> Reply {
    var refusal: any Error
    do {
      let (kind, offset) = try coder.decodeKind(in: answer)
      switch kind {
      case .reply: return try coder.decode(Reply.self, in: answer, at: offset)
      case .failure: refusal = try coder.decode(RemoteFailure.self, in: answer, at: offset)
      case .late:
        let reason = "the node that had the request ended the work"
        refusal =
          deadline?.passed(because: reason)
          ?? ProcessTreeError(.deadlinePassed, "The service was too late: \(reason).")
      }
    } catch {
      refusal = MessageCoding.notDecodable(Reply.self, error)
    }
    throw refusal
  }

  /// Why there is no reply yet.
  private func delay() async -> String {
    let waits = try? await end.core.run { $0.waits }
    let peers = waits?.first { $0.purpose == .reply }?.peers.map(\.subject) ?? []
    return peers.isEmpty
      ? "no node of the service has joined" : "it waits for \(peers.joined(separator: ", "))"
  }

  private func answer(to bytes: [UInt8], by deadline: RequestDeadline?) async throws -> [UInt8] {
    let end = end
    @Sendable func callOnLoop() async throws -> [UInt8] {
      try await end.node.lendingSlot {
        guard let deadline else { return try await end.core.value.call(bytes) }
        return try await end.core.value.call(
          bytes, due: deadline.due, isLate: { deadline.remaining == .zero })
      }
    }
    @Sendable func call() async throws -> [UInt8] {
      try await ProcessTreeError.translatingLinkErrors {
        guard !end.loop.isCurrent else { return try await callOnLoop() }
        return try await withTaskExecutorPreference(end.loop) { try await callOnLoop() }
      }
    }
    guard let deadline else { return try await call() }
    do {
      let answer = try await deadline.race(
        on: end.loop, late: { throw deadline.passed(because: await delay()) }, call)
      guard let answer else { throw deadline.passed }
      return answer
    } catch is CancellationError {
      // The same deadline may have cancelled the task, further up.
      try deadline.check()
      throw CancellationError()
    }
  }

  /// Ends the sending of requests.
  public func finish() { end.finish() }
}
