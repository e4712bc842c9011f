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
  /// The deadline is the one of this call or that of the surrounding code, ``Node/deadline``, whichever
  /// is sooner. It travels with the request: the handler has it, and so has what it requests.
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
    let envelope = RequestEnvelope(deadline: deadline?.name, request: request)
    let bytes = try MessageCoding.encode(envelope, at: end.context).bytes
    let answer = try await answer(to: bytes, by: deadline)
    let reply = try answer.withUnsafeBytes {
      try MessageCoding.decode(
        ReplyEnvelope<Reply>.self, from: $0, with: MessageCoding.decoder(at: end.context))
    }
    switch reply {
    case .reply(let value): return value
    case .failure(let failure): throw failure
    case .late:
      let reason = "the node that had the request ended the work"
      throw deadline?.passed(because: reason)
        ?? ProcessTreeError(.deadlinePassed, "The service was too late: \(reason).")
    }
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
    @Sendable func call() async throws -> [UInt8] {
      try await ProcessTreeError.translatingLinkErrors {
        try await withTaskExecutorPreference(end.loop) {
          try await end.node.lendingSlot {
            try await end.core.value.call(
              bytes, due: deadline?.due, isLate: { deadline?.remaining == .zero })
          }
        }
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

/// A request with the name of its deadline; the time that is left travels beside it.
///
/// Encoded as an array of both.
struct RequestEnvelope<Request: Codable & Sendable>: Codable, Sendable {
  var deadline: RequestDeadline.Name?
  var request: Request

  init(deadline: RequestDeadline.Name?, request: Request) {
    self.deadline = deadline
    self.request = request
  }

  init(from decoder: any Decoder) throws {
    var fields = try decoder.unkeyedContainer()
    deadline = try fields.decode(RequestDeadline.Name?.self)
    request = try fields.decode(Request.self)
  }

  func encode(to encoder: any Encoder) throws {
    var fields = encoder.unkeyedContainer()
    try fields.encode(deadline)
    try fields.encode(request)
  }
}

/// Encoded as an array of the kind's number and what it carries.
enum ReplyEnvelope<Reply: Codable & Sendable>: Codable, Sendable {
  case reply(Reply)
  case failure(RemoteFailure)
  case late

  init(from decoder: any Decoder) throws {
    var fields = try decoder.unkeyedContainer()
    switch try fields.decode(UInt8.self) {
    case 0: self = .reply(try fields.decode(Reply.self))
    case 1: self = .failure(try fields.decode(RemoteFailure.self))
    case 2: self = .late
    case let kind:
      throw DecodingError.dataCorruptedError(
        in: fields, debugDescription: "there is no reply of kind \(kind)")
    }
  }

  func encode(to encoder: any Encoder) throws {
    var fields = encoder.unkeyedContainer()
    switch self {
    case .reply(let reply):
      try fields.encode(0 as UInt8)
      try fields.encode(reply)
    case .failure(let failure):
      try fields.encode(1 as UInt8)
      try fields.encode(failure)
    case .late: try fields.encode(2 as UInt8)
    }
  }
}
