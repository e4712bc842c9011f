internal import ProcessTreeBase
internal import ProcessTreeLinks

/// What became of the items that one sender was given.
///
/// At the end of a channel, `sent` is the sum of `acknowledged`, `dropped`, `quarantined` and
/// `returned`.
public struct ChannelCounts: Hashable, Sendable, Codable {
  /// Taken from the program.
  public let sent: Int
  /// Processed, as a work channel's consumer said; of other channels, handed over to receivers.
  public let acknowledged: Int
  /// Left out by the overflow policy.
  public let dropped: Int
  /// Put aside because they killed their consumers.
  public let quarantined: Int
  /// Still the sender's when no receiver was left, or when its node was stopped.
  public let returned: Int
  /// Deliveries beyond an item's first.
  public let redelivered: Int
  /// Items that slow subscribers of a broadcast have missed, added up.
  public let missed: Int

  /// Items whose fate is not known yet.
  public var pending: Int { sent.saturatingSubtracting(settled) }

  /// Items whose fate is known; the numbers may be another process's, and may not make sense.
  private var settled: Int {
    [dropped, quarantined, returned].reduce(acknowledged) { $0.saturatingAdding($1) }
  }

  /// Whether the fate of every element is known.
  public var isBalanced: Bool { pending == 0 }

  init(_ balance: ChannelBalance) {
    sent = Int(clamping: balance.sent)
    acknowledged = Int(clamping: balance.acknowledged)
    dropped = Int(clamping: balance.dropped)
    quarantined = Int(clamping: balance.quarantined)
    returned = Int(clamping: balance.returned)
    redelivered = Int(clamping: balance.redelivered)
    missed = Int(clamping: balance.missed)
  }
}
