/// What was declared of a channel when it was made; travels with each of its ends.
package struct ChannelSpecification: Hashable, Sendable, Codable {
  /// How items find their receivers.
  package enum Kind: UInt8, Sendable, Codable {
    /// One sender, one receiver.
    case pipe
    /// Each item goes to one of many receivers and stays its sender's until it is acknowledged.
    case work
    /// Each item goes to every receiver.
    case broadcast
    /// Each item goes to one of many receivers, which answers it.
    case service
  }

  /// What happens to an item that finds the sender's queue full.
  package enum Overflow: Hashable, Sendable, Codable {
    case suspend
    case dropOldest(Int)
    case dropNewest(Int)
    case fail(Int)

    /// How many items may wait, where the policy says it.
    package var capacity: Int? {
      switch self {
      case .suspend: nil
      case .dropOldest(let count), .dropNewest(let count), .fail(let count): count
      }
    }
  }

  package var kind: Kind
  package var overflow: Overflow
  /// How many items a receiver holds at most, of each sender.
  package var prefetch: UInt32
  /// How many consumers an item may kill before it is put aside.
  package var attempts: UInt32

  package init(kind: Kind, overflow: Overflow, prefetch: UInt32, attempts: UInt32) {
    self.kind = kind
    self.overflow = overflow
    self.prefetch = prefetch
    self.attempts = attempts
  }

  /// Whether items stay their sender's until they are acknowledged.
  package var isLeased: Bool { kind == .work || kind == .service }

  /// A bound on held items that nothing reaches: bytes are what counts.
  package static let unlimitedPrefetch: UInt32 = 1 << 30
}

/// An end of a channel as it travels: where its channel is at home, and the ticket to claim it by.
package struct ChannelTicket: Hashable, Sendable, Codable {
  package let channel: ChannelID
  package let specification: ChannelSpecification
  package let side: ChannelSide
  package let ticket: TicketID
  /// How often the end has gone from node to node, of a pipe, whose ends keep their ticket; else 0.
  ///
  /// The nodes on the way tell the home over links of their own, in any order: the highest is where the
  /// end is.
  package let hop: UInt32

  package init(
    channel: ChannelID, specification: ChannelSpecification, side: ChannelSide, ticket: TicketID,
    hop: UInt32 = 0
  ) {
    self.channel = channel
    self.specification = specification
    self.side = side
    self.ticket = ticket
    self.hop = hop
  }
}
