internal import DequeModule
internal import ProcessTreeWire

/// The sender's decisions for a broadcast: each item goes to every receiver that takes its topic,
/// and waits for those without credit or is missed by them.
struct BroadcastPolicy: SenderPolicy {
  private struct Subscriber {
    let ticket: TicketID
    /// The topics that it takes; `nil` for all, as long as it has sent none.
    var filter: TopicFilter?
    /// The items that wait for credit.
    var backlog: Deque<[UInt8]> = []
    var missed: UInt64 = 0
    /// The number of missed items that the subscriber knows of.
    var reportedMissed: UInt64 = 0

    func takes(_ item: [UInt8]) -> Bool {
      guard let filter else { return true }
      return item.withUnsafeBytes(filter.takes)
    }
  }

  private let overflow: ChannelSpecification.Overflow
  private let hasTopics: Bool
  private var subscribers: [Subscriber] = []
  /// Receivers on their way, which must miss nothing; nil until the home has sent their number.
  private var expected: Int?
  /// The number of items that were dropped before they went to any receiver.
  private var dropped: UInt64 = 0
  /// Receivers that have set out since the sender's first item: the last item before that, and the
  /// number of later ones that were dropped.
  private var setOut: [TicketID: (after: UInt64, missed: UInt64)] = [:]
  private(set) var missed: UInt64 = 0

  init(_ specification: ChannelSpecification) {
    overflow = specification.overflow
    hasTopics = specification.kind == .topics
  }

  // MARK: Distribution

  private var canBroadcast: Bool {
    guard expected == 0 else { return false }
    // Policies with a bound give each subscriber a queue of its own instead of holding the sender.
    return overflow != .suspend || subscribers.allSatisfy(\.backlog.isEmpty)
  }

  func hasRoom(_ queue: ItemQueue, _ canSend: (Int) -> Bool) -> Bool {
    switch overflow {
    case .suspend: canBroadcast || (subscribers.isEmpty && queue.hasInitialRoom)
    case .fail(let count) where expected == 0:
      subscribers.allSatisfy { $0.backlog.count < count }
    case .dropOldest, .dropNewest, .fail:
      queue.hasRoom(
        overflow, isReady: !subscribers.isEmpty,
        isFree: subscribers.indices.contains(where: canSend))
    }
  }

  mutating func next(_ queue: inout ItemQueue, _ canSend: (Int) -> Bool) -> Handout? {
    guard canBroadcast, let item = queue.popFirst() else { return nil }
    var places: [Int] = []
    for place in subscribers.indices {
      guard subscribers[place].takes(item.bytes) else { continue }
      if subscribers[place].backlog.isEmpty, canSend(place) {
        places.append(place)
      } else {
        keep(item.bytes, for: place)
      }
    }
    return Handout(item: item, recipients: .all(places))
  }

  private mutating func keep(_ bytes: [UInt8], for place: Int) {
    if let capacity = overflow.capacity, subscribers[place].backlog.count >= capacity {
      note(missed: 1, by: place)
      if case .dropNewest = overflow { return }
      subscribers[place].backlog.removeFirst()
    }
    subscribers[place].backlog.append(bytes)
  }

  func hasWaiting(for place: Int) -> Bool { !subscribers[place].backlog.isEmpty }

  mutating func nextWaiting(for place: Int) -> [UInt8]? { subscribers[place].backlog.popFirst() }

  mutating func subscribe(_ place: Int, to filter: TopicFilter) {
    guard hasTopics else { return }
    var subscriber = subscribers[place]
    subscriber.filter = filter
    subscriber.backlog = Deque(subscriber.backlog.filter(subscriber.takes))
    subscribers[place] = subscriber
  }

  // MARK: Receivers

  mutating func add(_ receiver: TicketID) {
    subscribers.append(Subscriber(ticket: receiver))
    // A receiver that the home did not announce had set out before the sender's first item.
    note(
      missed: setOut.removeValue(forKey: receiver)?.missed ?? dropped, by: subscribers.count - 1)
  }

  mutating func remove(_ place: Int, _ death: ReceiverDeath?) -> ReturnedItems {
    subscribers.remove(at: place)
    return ReturnedItems()
  }

  mutating func expect(_ count: Int, newest: TicketID?, after lastNumber: UInt64) {
    expected = max(0, count)
    if let newest {
      if let place = subscribers.firstIndex(where: { $0.ticket == newest }) {
        missed -= subscribers[place].missed
        subscribers[place].missed = 0
      } else {
        setOut[newest] = (lastNumber, 0)
      }
    }
    // Receivers that will not arrive are forgotten with the others.
    if count <= 0 { setOut = [:] }
  }

  var isSettled: Bool { subscribers.allSatisfy(\.backlog.isEmpty) }

  /// Elements that wait for subscribers were counted when they were broadcast, and still go to
  /// them.
  mutating func abandon() -> Int { 0 }

  // MARK: Missed items

  /// Every receiver misses the item: those that are here, and those that had set out when it was
  /// sent.
  mutating func drop(_ item: [UInt8], _ number: UInt64?) {
    dropped += 1
    for place in subscribers.indices where subscribers[place].takes(item) {
      note(missed: 1, by: place)
    }
    for (receiver, known) in setOut where number.map({ $0 > known.after }) ?? true {
      setOut[receiver]?.missed += 1
    }
  }

  mutating func missedNews(for place: Int) -> UInt64? {
    let subscriber = subscribers[place]
    guard subscriber.missed != subscriber.reportedMissed else { return nil }
    subscribers[place].reportedMissed = subscriber.missed
    return subscriber.missed
  }

  private mutating func note(missed count: UInt64, by place: Int) {
    subscribers[place].missed += count
    missed += count
  }
}
