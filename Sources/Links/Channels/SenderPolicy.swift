internal import ProcessTreeWire

/// The decisions of a sender for one kind of channel: which receiver gets the next item, what the
/// sender keeps for it, and what a receiver's end means.
///
/// A value without effects. It knows receivers by their places, which are those of the sender's
/// flows; `canSend` is whether the flow at a place has credit. Events that a kind does not have
/// change nothing.
protocol SenderPolicy {
  /// Whether an item is accepted at once, without a verdict of the overflow policy.
  func hasRoom(_ queue: ItemQueue, _ canSend: (Int) -> Bool) -> Bool
  /// The next item that can go, and the receivers that get it now.
  mutating func next(_ queue: inout ItemQueue, _ canSend: (Int) -> Bool) -> Handout?

  /// A receiver has joined, at the last place.
  mutating func add(_ receiver: TicketID)
  /// The receiver at a place has gone; those behind it move up.
  ///
  /// - Parameter death: How it died; nil if it left.
  mutating func remove(_ place: Int, _ death: ReceiverDeath?) -> ReturnedItems
  /// Whether the sender closes when its receiver has gone.
  var endsWithReceiver: Bool { get }
  /// Whether nothing is kept for any receiver.
  var isSettled: Bool { get }
  /// Nothing is kept any longer; returns the number of items that were.
  mutating func abandon() -> Int

  // Of leased items.

  /// A receiver has reported whether the sender can read on which item it works.
  mutating func accept(_ place: Int, isReadable: Bool)
  /// A receiver has acknowledged items; returns the number of those that it had.
  mutating func acknowledge(_ place: Int, below: UInt64, above: [UInt64]) -> Int
  /// A receiver has replied to an item; nil if it does not have that.
  mutating func reply(_ place: Int, to sequence: UInt64) -> PendingItem?
  /// A receiver has returned items that it had not started.
  mutating func takeBack(_ place: Int, from first: UInt64, through last: UInt64) -> ReturnedItems
  /// The receiver to recall items from, and the number that it keeps; nil if no receiver is idle
  /// while another has more than it has started.
  mutating func recall(_ canSend: (Int) -> Bool) -> (place: Int, keeping: Int)?

  /// A receiver finishes the items that it has begun, and takes no more.
  mutating func drain(_ place: Int)

  // Of calls.

  /// A caller waits for the reply to an item.
  mutating func expectReply(to call: UInt64)
  /// The caller no longer waits; returns the receivers that have the item, and its sequences there.
  mutating func cancel(_ call: UInt64) -> (place: Int, sequence: UInt64)?

  // Of broadcasts.

  /// A receiver takes these topics from now on.
  mutating func subscribe(_ place: Int, to filter: TopicFilter)
  /// The number of receivers on their way, and the newest of the receivers, if one is new.
  mutating func expect(_ count: Int, newest: TicketID?, after lastNumber: UInt64)
  /// The overflow policy has dropped an item before any receiver got it.
  ///
  /// - Parameters:
  ///   - item: The item.
  ///   - number: The item's; nil for the latest one, which was never queued.
  mutating func drop(_ item: [UInt8], _ number: UInt64?)
  /// The next item that waits for the receiver at a place.
  mutating func nextWaiting(for place: Int) -> [UInt8]?
  /// Whether items wait for the receiver at a place.
  func hasWaiting(for place: Int) -> Bool
  /// The number of items that a receiver has missed, if it does not know that yet.
  mutating func missedNews(for place: Int) -> UInt64?
  /// The number of items that all receivers have missed.
  var missed: UInt64 { get }
}

/// An item, and the places of the receivers that get it now.
struct Handout {
  enum Recipients: Equatable {
    case one(Int)
    case all([Int])
  }

  let item: PendingItem
  let recipients: Recipients
}

/// The death of a receiver.
struct ReceiverDeath {
  /// The item on which the receiver worked.
  enum LastWork: Equatable {
    /// The receiver had no page to note it; the sender suspects the oldest item.
    case unknown
    case nothing
    case item(WorkNote)
  }

  let node: PeerAddress
  let lastWork: LastWork
}

/// The items that a sender gets back from a receiver.
struct ReturnedItems {
  /// Items for other receivers, in their order.
  var again: [PendingItem] = []
  /// Items that have killed as many consumers as they may.
  var quarantined: [PendingItem] = []
  /// The number of items that nobody waits for any longer.
  var unwanted = 0
}

extension SenderPolicy {
  var endsWithReceiver: Bool { false }
  var missed: UInt64 { 0 }

  mutating func accept(_ place: Int, isReadable: Bool) {}
  mutating func acknowledge(_ place: Int, below: UInt64, above: [UInt64]) -> Int { 0 }
  mutating func reply(_ place: Int, to sequence: UInt64) -> PendingItem? { nil }
  mutating func takeBack(_ place: Int, from first: UInt64, through last: UInt64) -> ReturnedItems {
    ReturnedItems()
  }
  mutating func recall(_ canSend: (Int) -> Bool) -> (place: Int, keeping: Int)? { nil }
  mutating func drain(_ place: Int) {}

  mutating func expectReply(to call: UInt64) {}
  mutating func cancel(_ call: UInt64) -> (place: Int, sequence: UInt64)? { nil }

  mutating func subscribe(_ place: Int, to filter: TopicFilter) {}
  mutating func expect(_ count: Int, newest: TicketID?, after lastNumber: UInt64) {}
  mutating func drop(_ item: [UInt8], _ number: UInt64?) {}
  mutating func nextWaiting(for place: Int) -> [UInt8]? { nil }
  func hasWaiting(for place: Int) -> Bool { false }
  mutating func missedNews(for place: Int) -> UInt64? { nil }
}
