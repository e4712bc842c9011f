internal import DequeModule
internal import ProcessTreeWire

/// The items that a sender has accepted and that no receiver has.
struct ItemQueue {
  /// The bytes that wait for the first receiver before senders have to wait.
  private static let initialRoom = 64 << 10

  private var items: Deque<PendingItem> = []
  private var bytes = 0
  /// The number of the item that was accepted last.
  private(set) var lastNumber: UInt64 = 0

  var isEmpty: Bool { items.isEmpty }
  var count: Int { items.count }

  /// Whether a sender that no receiver can serve yet may store another item.
  var hasInitialRoom: Bool { bytes < Self.initialRoom }

  /// Whether an item is accepted at once, without a verdict of the overflow policy.
  ///
  /// - Parameters:
  ///   - isReady: Whether any receiver takes more than a first item.
  ///   - isFree: Whether a receiver can get an item now.
  func hasRoom(
    _ overflow: ChannelSpecification.Overflow, isReady: Bool, isFree: @autoclosure () -> Bool
  ) -> Bool {
    guard let capacity = overflow.capacity else {
      return isReady ? isEmpty && isFree() : hasInitialRoom
    }
    return count < capacity || (isEmpty && isFree())
  }

  /// Numbers an item and puts it at the end.
  mutating func append(_ item: consuming PendingItem) {
    lastNumber += 1
    item.number = lastNumber
    bytes += item.cost
    items.append(item)
  }

  mutating func popFirst() -> PendingItem? {
    guard let item = items.popFirst() else { return nil }
    bytes -= item.cost
    return item
  }

  /// Puts items that come back before all others, in their order.
  mutating func prepend(_ back: [PendingItem]) {
    for item in back.reversed() {
      bytes += item.cost
      items.prepend(item)
    }
  }

  /// Removes the item of a call; returns whether it was here.
  mutating func remove(call: UInt64) -> Bool {
    guard let index = items.firstIndex(where: { $0.call == call }) else { return false }
    bytes -= items.remove(at: index).cost
    return true
  }

  mutating func removeAll() {
    items = []
    bytes = 0
  }
}
