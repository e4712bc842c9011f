internal import ProcessTreeBase
internal import ProcessTreeLinks

/// The numbers of one sender's items, by their fate.
///
/// At the end of a channel, `sent` is the sum of `acknowledged`, `dropped`, `quarantined` and
/// `returned`.
public struct ChannelCounts: Hashable, Sendable, Codable {
  /// Items that the program has sent.
  public let sent: Int
  /// Items that a work channel's consumers have acknowledged; on other channels, items that
  /// receivers have received.
  public let acknowledged: Int
  /// Items that the overflow policy has dropped.
  public let dropped: Int
  /// Items that were quarantined because they killed their consumers.
  public let quarantined: Int
  /// Items that the sender still had when no receiver was left, or when its node was stopped.
  public let returned: Int
  /// Deliveries after an item's first.
  public let redelivered: Int
  /// Items that slow subscribers of a broadcast have missed, in total.
  public let missed: Int

  /// Items whose fate is not yet known.
  public var pending: Int { sent.saturatingSubtracting(settled) }

  /// Items whose fate is known; numbers from another process may not make sense.
  private var settled: Int {
    [dropped, quarantined, returned].reduce(acknowledged) { $0.saturatingAdding($1) }
  }

  /// Whether the fate of every item is known.
  public var isBalanced: Bool { pending == 0 }

  /// Makes counts, for tests of code that takes some.
  public init(
    sent: Int = 0, acknowledged: Int = 0, dropped: Int = 0, quarantined: Int = 0, returned: Int = 0,
    redelivered: Int = 0, missed: Int = 0
  ) {
    self.sent = sent
    self.acknowledged = acknowledged
    self.dropped = dropped
    self.quarantined = quarantined
    self.returned = returned
    self.redelivered = redelivered
    self.missed = missed
  }

  init(_ balance: ChannelBalance) {
    self.init(
      sent: Int(clamping: balance.sent), acknowledged: Int(clamping: balance.acknowledged),
      dropped: Int(clamping: balance.dropped), quarantined: Int(clamping: balance.quarantined),
      returned: Int(clamping: balance.returned), redelivered: Int(clamping: balance.redelivered),
      missed: Int(clamping: balance.missed))
  }
}
