internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
internal import ProcessTreeWire

extension CodingUserInfoKey {
  // The texts are constants, for which the initializer does not fail.
  /// Where an end that is encoded gets its ticket from.
  static let ticketOffice = CodingUserInfoKey(rawValue: "ProcessTree.ticketOffice")
  /// The node at which ends are decoded.
  static let channelContext = CodingUserInfoKey(rawValue: "ProcessTree.channelContext")
}

/// A node as far as the ends of channels need it, on any thread.
struct ChannelContext: Sendable {
  let node: LoopBound<NodeRuntime>
  let names: ChannelNames
}

/// Makes tickets for the ends of channels that a value carries, while it is being encoded to be
/// sent.
///
/// An encoder without an office, one that writes a log or counts bytes, gets none: an end that is
/// encoded there throws instead of leaving a ticket behind that nobody will ever claim.
final class TicketOffice: Sendable {
  let context: ChannelContext
  private let minted = Lock<[ChannelTicket]>([])

  init(_ context: ChannelContext) {
    self.context = context
  }

  func mint(_ ticket: ChannelTicket) {
    minted.withLock { $0.append(ticket) }
    context.node.perform { $0.openChannels().minted(ticket) }
  }

  /// Takes back the tickets of the ends that were encoded since the last call.
  fileprivate func revokeMinted() {
    let lost = takeMinted()
    if !lost.isEmpty { context.node.perform { $0.openChannels().revoke(lost) } }
  }

  /// The tickets of the ends that were encoded since the last call.
  func takeMinted() -> [ChannelTicket] {
    minted.withLock { tickets in
      defer { tickets = [] }
      return tickets
    }
  }
}

/// An encoder of values that may carry ends, with the office where these get their tickets.
///
/// Making one costs more than encoding a short value. It encodes one value at a time.
struct EndEncoder: Sendable {
  private let office: TicketOffice?
  private let encoder: MessagePackEncoder

  /// - Parameter context: Nil where ends of channels are refused.
  init(_ context: ChannelContext?) {
    office = context.map { TicketOffice($0) }
    var encoder = MessagePackEncoder()
    if let office, let key = CodingUserInfoKey.ticketOffice { encoder.userInfo[key] = office }
    self.encoder = encoder
  }

  /// Encodes a value.
  func encode(_ value: some Encodable) throws -> (bytes: [UInt8], tickets: [ChannelTicket]) {
    try pack { try $0.encode(value) }
  }

  /// Encodes what a closure packs.
  func encode(
    _ body: (MessagePackEncoder, inout MessagePackWriter) throws -> Void
  ) throws -> (bytes: [UInt8], tickets: [ChannelTicket]) {
    try pack { encoder in try MessagePackEncoder.bytes { try body(encoder, &$0) } }
  }

  /// An error takes back the tickets that the value had got by then.
  private func pack(
    _ body: (MessagePackEncoder) throws -> [UInt8]
  ) throws -> (bytes: [UInt8], tickets: [ChannelTicket]) {
    do {
      return (try body(encoder), office?.takeMinted() ?? [])
    } catch {
      office?.revokeMinted()
      throw error
    }
  }
}

extension MessagePackDecoder {
  /// A decoder for values whose channel ends become this node's.
  init(at context: ChannelContext) {
    self.init()
    if let key = CodingUserInfoKey.channelContext { userInfo[key] = context }
  }
}

extension ChannelTicket {
  /// Reads a ticket of a side, with the node that it is for.
  static func decoded(
    _ side: ChannelSide, from decoder: any Decoder
  ) throws -> (ticket: ChannelTicket, context: ChannelContext) {
    let (ticket, context) = try decoded(from: decoder)
    guard ticket.side == side else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "the end is a \(ticket.side)"))
    }
    return (ticket, context)
  }

  /// Reads a ticket of any side, with the node that it is for.
  static func decoded(
    from decoder: any Decoder
  ) throws -> (ticket: ChannelTicket, context: ChannelContext) {
    guard let key = CodingUserInfoKey.channelContext,
      let context = decoder.userInfo[key] as? ChannelContext
    else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "the end of a channel is decoded in programs and messages alone"))
    }
    return (try ChannelTicket(from: decoder), context)
  }
}
