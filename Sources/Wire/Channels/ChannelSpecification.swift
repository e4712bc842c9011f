/// The properties of a channel, which travel with each of its ends.
package struct ChannelSpecification: Hashable, Sendable {
  /// How items find their receivers.
  package enum Kind: Sendable {
    /// One sender, one receiver.
    case pipe
    /// Each item goes to one of many receivers and belongs to its sender until it is acknowledged.
    case work
    /// Each item goes to every receiver.
    case broadcast
    /// Each item goes to one of many receivers, which replies to it.
    case service
    /// Each item has a topic, and goes to every receiver that has subscribed to that.
    case topics

    /// Whether an item may go to several receivers.
    package var reachesMany: Bool { self == .broadcast || self == .topics }
  }

  /// What happens to an item that finds the sender's queue full.
  package enum Overflow: Hashable, Sendable {
    case suspend
    case dropOldest(Int)
    case dropNewest(Int)
    case fail(Int)

    /// The number of items that may wait, if the policy bounds it.
    package var capacity: Int? {
      switch self {
      case .suspend: nil
      case .dropOldest(let count), .dropNewest(let count), .fail(let count): count
      }
    }
  }

  package var kind: Kind
  package var overflow: Overflow
  /// The number of items of each sender that a receiver holds at most.
  package var prefetch: UInt32
  /// The number of consumers that an item may kill before it is quarantined.
  package var attempts: UInt32

  package init(kind: Kind, overflow: Overflow, prefetch: UInt32, attempts: UInt32) {
    self.kind = kind
    self.overflow = overflow
    self.prefetch = prefetch
    self.attempts = attempts
  }

  /// Whether items belong to their sender until they are acknowledged.
  package var isLeased: Bool { kind == .work || kind == .service }

  /// A bound on held items that nothing reaches: bytes are the effective bound.
  package static let unlimitedPrefetch: UInt32 = 1 << 30
}

/// An end of a channel on its way: the home of the channel, and the ticket by which to claim it.
///
/// Within a user's value it is one binary: the packed record.
package struct ChannelTicket: Hashable, Sendable, Codable {
  package let channel: ChannelID
  package let specification: ChannelSpecification
  package let side: ChannelSide
  package let ticket: TicketID
  /// How often the end of a pipe has moved from node to node; 0 for other kinds.
  ///
  /// The nodes on the way report to the home over separate links, in any order: the highest number
  /// identifies the current node.
  package let hop: UInt32
  /// What shows the channel's home that this side of the channel was handed out; nobody can guess
  /// it.
  package let key: UInt64

  package init(
    channel: ChannelID, specification: ChannelSpecification, side: ChannelSide, ticket: TicketID,
    hop: UInt32 = 0, key: UInt64
  ) {
    self.channel = channel
    self.specification = specification
    self.side = side
    self.ticket = ticket
    self.hop = hop
    self.key = key
  }

  package init(from decoder: any Decoder) throws {
    try self.init(packed: try decoder.singleValueContainer().decode([UInt8].self))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(packed())
  }
}
