/// What became of the items that one sender's end has taken.
package struct ChannelBalance: Hashable, Sendable, Codable {
  /// Taken from the program.
  package var sent: UInt64 = 0
  /// Known to have been processed; of channels without leases: handed over to receivers.
  package var acknowledged: UInt64 = 0
  /// Left out by the channel's overflow policy.
  package var dropped: UInt64 = 0
  /// Put aside, because they killed their consumers.
  package var quarantined: UInt64 = 0
  /// Still the sender's when no receiver was left, or the sender was stopped.
  package var returned: UInt64 = 0
  /// Deliveries beyond the first of an item.
  package var redelivered: UInt64 = 0

  /// Items that slow subscribers of a broadcast have missed, counted for each.
  package var missed: UInt64 = 0

  package init() {}

  /// Items that nothing is known of yet.
  package var pending: UInt64 { sent - acknowledged - dropped - quarantined - returned }
}
