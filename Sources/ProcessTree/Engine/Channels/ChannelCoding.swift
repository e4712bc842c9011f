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

/// Makes tickets for the ends of channels that a value carries, while it is being encoded to be sent.
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

  /// The tickets of the ends that were encoded since the last call.
  func takeMinted() -> [ChannelTicket] {
    minted.withLock { tickets in
      defer { tickets = [] }
      return tickets
    }
  }

  /// Encodes a value that may carry ends; an error takes back the tickets that it had got by then.
  func encode<Value: Encodable>(_ value: Value) throws -> (bytes: [UInt8], tickets: [ChannelTicket])
  {
    var encoder = MessagePackEncoder()
    if let key = CodingUserInfoKey.ticketOffice { encoder.userInfo[key] = self }
    do {
      return (try encoder.encode(value), takeMinted())
    } catch {
      let lost = takeMinted()
      if !lost.isEmpty { context.node.perform { $0.openChannels().revoke(lost) } }
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
