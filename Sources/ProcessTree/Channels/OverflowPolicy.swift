internal import ProcessTreeWire

/// What a channel's sender does with an item when its queue is full.
///
/// The limits count items that wait at one sender for credit; in a broadcast, at one sender for one
/// subscriber. A limit below one counts as one. ``Sender/balance`` counts the dropped items.
public enum OverflowPolicy: Hashable, Sendable, Codable {
  /// The sending task waits for credit; nothing is dropped.
  ///
  /// A slow subscriber blocks the senders of a broadcast.
  case suspend
  /// The oldest waiting item is dropped.
  case dropOldest(beyond: Int)
  /// The new item is dropped.
  case dropNewest(beyond: Int)
  /// Sending throws `queueFull`.
  case fail(beyond: Int)

  var wire: ChannelSpecification.Overflow {
    switch self {
    case .suspend: .suspend
    case .dropOldest(let count): .dropOldest(max(1, count))
    case .dropNewest(let count): .dropNewest(max(1, count))
    case .fail(let count): .fail(max(1, count))
    }
  }
}
