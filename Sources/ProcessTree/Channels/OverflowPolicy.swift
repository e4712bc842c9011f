internal import ProcessTreeWire

/// What a channel's sender does with an item that finds its queue full.
///
/// Counts are items that wait at one sender for credit; of a broadcast, at one sender for one
/// subscriber. What was left out is counted: ``Sender/balance``.
public enum OverflowPolicy: Hashable, Sendable, Codable {
  /// The sending task waits for credit: nothing is left out.
  ///
  /// A slow subscriber holds the sender of a broadcast back.
  case suspend
  /// The oldest waiting item is left out.
  case dropOldest(Int)
  /// The new item is left out.
  case dropNewest(Int)
  /// Sending throws `queueFull`.
  case fail(Int)

  var wire: ChannelSpecification.Overflow {
    switch self {
    case .suspend: .suspend
    case .dropOldest(let count): .dropOldest(max(1, count))
    case .dropNewest(let count): .dropNewest(max(1, count))
    case .fail(let count): .fail(max(1, count))
    }
  }
}
