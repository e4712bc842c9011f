/// What a flow may send, as its receiver's absolute totals allow.
///
/// It may go negative by one item: else one that is larger than the window could never pass.
struct FlowCredit {
  /// What each item counts beside its bytes, so that empty ones are bounded as well.
  static let itemCost = 16
  /// The bytes that may be sent before anything was granted.
  static let initial = 64 << 10
  /// The bytes that may be under way or wait at the receiver.
  static let window = 1 << 20
  /// The windows for items in memory that their sender shares: one item of 1 MiB would fill the
  /// only one, and its sender would wait until the receiver is done with it.
  static let sharedWindows = 4

  private var grantedBytes = UInt64(initial)
  private var spentBytes: UInt64 = 0
  private var grantedItems: UInt32
  private var spentItems: UInt32 = 0

  init(prefetch: UInt32) {
    grantedItems = prefetch
  }

  var canSend: Bool {
    spentBytes < grantedBytes && Int32(bitPattern: grantedItems &- spentItems) > 0
  }

  mutating func spend(_ count: Int) {
    spentBytes += UInt64(count + Self.itemCost)
    spentItems &+= 1
  }

  /// The items and the bytes that are left, both counted as `spend` does.
  ///
  /// The last item may have more bytes than that.
  var left: (items: Int, bytes: Int) {
    (
      Int(max(0, Int32(bitPattern: grantedItems &- spentItems))),
      Int(clamping: grantedBytes) - Int(clamping: min(spentBytes, grantedBytes))
    )
  }

  /// Spends what items count that have so many bytes together.
  mutating func spend(items: Int, bytes: Int) {
    spentBytes += UInt64(bytes + items * Self.itemCost)
    spentItems &+= UInt32(truncatingIfNeeded: items)
  }

  mutating func grant(bytes: UInt64, items: UInt32) {
    grantedBytes = max(grantedBytes, bytes)
    if Int32(bitPattern: items &- grantedItems) > 0 { grantedItems = items }
  }
}

/// What a receiver allows a flow, and what it has to grant next.
struct FlowAllowance {
  private let prefetch: UInt32
  private var takenBytes: UInt64 = 0
  private var takenItems: UInt32 = 0
  private var receivedBytes: UInt64 = 0
  private var receivedItems: UInt32 = 0
  private var grantedBytes = UInt64(FlowCredit.initial)
  private var grantedItems: UInt32

  init(prefetch: UInt32) {
    self.prefetch = prefetch
    grantedItems = prefetch
  }

  /// Whether the sender has credit for an item that comes now.
  var isOpen: Bool {
    receivedBytes < grantedBytes && Int32(bitPattern: grantedItems &- receivedItems) > 0
  }

  /// Counts so many items, one or more, that have come together; false when the sender had no
  /// credit for the last of them.
  mutating func receive(bytes: Int, last: Int, count: UInt32) -> Bool {
    receivedBytes += UInt64(bytes - last + (Int(count) - 1) * FlowCredit.itemCost)
    receivedItems &+= count - 1
    defer {
      receivedBytes += UInt64(last + FlowCredit.itemCost)
      receivedItems &+= 1
    }
    return isOpen
  }

  /// The consumer has taken items that have so many bytes together.
  mutating func take(_ bytes: Int, items: Int) {
    takenBytes += UInt64(bytes + items * FlowCredit.itemCost)
    takenItems &+= UInt32(truncatingIfNeeded: items)
  }

  /// The totals to grant, when they are worth a frame of their own.
  ///
  /// - Parameter isIdle: The consumer is waiting: everything that is owed goes.
  mutating func due(window: Int, isIdle: Bool) -> (bytes: UInt64, items: UInt32)? {
    let bytes = max(grantedBytes, takenBytes + UInt64(window))
    let items = takenItems &+ prefetch
    let owedBytes = bytes - grantedBytes
    let owedItems = items &- grantedItems
    let isWorth =
      owedBytes >= UInt64(window / 4) || owedItems >= max(1, prefetch / 4)
      || (isIdle && (owedBytes >= UInt64(window / 16) || owedItems > 0 && prefetch < 64))
    guard isWorth else { return nil }
    grantedBytes = bytes
    grantedItems = items
    return (bytes, items)
  }

  /// Whether something was taken that has not been granted again.
  var owes: Bool { grantedItems != takenItems &+ prefetch }

  /// The totals as they stand, for a frame that goes back anyway.
  mutating func current(window: Int) -> (bytes: UInt64, items: UInt32) {
    grantedBytes = max(grantedBytes, takenBytes + UInt64(window))
    grantedItems = takenItems &+ prefetch
    return (grantedBytes, grantedItems)
  }
}
