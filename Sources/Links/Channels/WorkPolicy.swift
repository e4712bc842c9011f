internal import ProcessTreeWire

/// The sender's decisions for a work channel: each item goes to the receiver with the least to do,
/// and belongs to the sender until that receiver acknowledges it.
struct WorkPolicy: SenderPolicy {
  private struct Holder {
    var leases = Leases()
    /// Whether the sender can read on which item the receiver works; nil until the receiver has
    /// answered.
    var isReadable: Bool?
    /// The sender has recalled items, and the receiver has not answered yet.
    var isRecalling = false
    /// The receiver takes nothing more.
    var isDraining = false

    /// So that the item that a receiver died of is known, the first item waits for the receiver's
    /// answer, and a receiver whose work the sender cannot read gets one item at a time.
    var takesMore: Bool { !isDraining && (isReadable.map { $0 || leases.isEmpty } ?? false) }
  }

  private let overflow: ChannelSpecification.Overflow
  private let attempts: UInt32
  private var holders: [Holder] = []
  private var nextPlace = 0

  init(_ specification: ChannelSpecification) {
    overflow = specification.overflow
    attempts = specification.attempts
  }

  /// The items that the receiver at a place has.
  func leases(of place: Int) -> Leases { holders[place].leases }

  // MARK: Distribution

  func hasRoom(_ queue: ItemQueue, _ canSend: (Int) -> Bool) -> Bool {
    queue.hasRoom(
      overflow, isReady: holders.contains { $0.isReadable == true && !$0.isDraining },
      isFree: holders.indices.contains { isFree($0, canSend) })
  }

  mutating func next(_ queue: inout ItemQueue, _ canSend: (Int) -> Bool) -> Handout? {
    guard !queue.isEmpty, let place = freest(canSend), let item = queue.popFirst() else {
      return nil
    }
    holders[place].leases.add(item)
    return Handout(item: item, recipients: .one(place))
  }

  private func isFree(_ place: Int, _ canSend: (Int) -> Bool) -> Bool {
    holders[place].takesMore && canSend(place)
  }

  /// Of the receivers that can get an item, the one with the fewest, beginning at another each
  /// time.
  private mutating func freest(_ canSend: (Int) -> Bool) -> Int? {
    guard holders.count > 1 else { return holders.count == 1 && isFree(0, canSend) ? 0 : nil }
    var best: Int?
    var fewest = Int.max
    for offset in holders.indices {
      let place = (nextPlace + offset) % holders.count
      guard holders[place].leases.count < fewest, isFree(place, canSend) else { continue }
      best = place
      fewest = holders[place].leases.count
      if fewest == 0 { break }
    }
    nextPlace = (nextPlace + 1) % holders.count
    return best
  }

  mutating func recall(_ canSend: (Int) -> Bool) -> (place: Int, keeping: Int)? {
    // A receiver that does not answer, because it is stopped, must not keep others from being
    // asked.
    guard holders.count > 1,
      holders.indices.contains(where: { holders[$0].leases.isEmpty && isFree($0, canSend) }),
      let rich = holders.indices.filter({ !holders[$0].isRecalling && !holders[$0].isDraining })
        .max(by: { holders[$0].leases.count < holders[$1].leases.count }),
      holders[rich].leases.count > 1
    else { return nil }
    holders[rich].isRecalling = true
    return (rich, holders[rich].leases.count / 2)
  }

  // MARK: Receivers

  mutating func add(_ receiver: TicketID) { holders.append(Holder()) }

  mutating func accept(_ place: Int, isReadable: Bool) { holders[place].isReadable = isReadable }

  mutating func drain(_ place: Int) { holders[place].isDraining = true }

  mutating func remove(_ place: Int, _ death: ReceiverDeath?) -> ReturnedItems {
    let leases = holders.remove(at: place).leases
    let suspect = death.flatMap { Self.suspect(of: $0, in: leases) }
    var back = ReturnedItems()
    for (sequence, item) in leases.all {
      var item = item
      if item.attempt < .max { item.attempt += 1 }
      if let death, let suspect, suspect.sequence == sequence {
        item.deaths.append(ItemDeath(node: death.node, elementOffset: suspect.elementOffset))
        guard item.deaths.count < attempts else {
          back.quarantined.append(item)
          continue
        }
      }
      back.again.append(item)
    }
    return back
  }

  private static func suspect(of death: ReceiverDeath, in leases: Leases) -> WorkNote? {
    switch death.lastWork {
    case .unknown: leases.oldest.map { WorkNote(sequence: $0) }
    case .nothing: nil
    case .item(let note): note
    }
  }

  // MARK: Leases

  mutating func acknowledge(_ place: Int, below: UInt64, above: [UInt64]) -> Int {
    let count = holders[place].leases.acknowledge(below: below, above: above)
    // The receiver may have items to return that it did not have before.
    if count > 0 { holders[place].isRecalling = false }
    return count
  }

  mutating func reply(_ place: Int, to sequence: UInt64) -> PendingItem? {
    holders[place].leases.take(sequence)
  }

  mutating func takeBack(_ place: Int, from first: UInt64, through last: UInt64) -> ReturnedItems {
    let back = holders[place].leases.take(from: first, through: last)
    // A receiver that has started all that it has is not asked again before it has finished
    // something.
    holders[place].isRecalling = back.isEmpty
    return ReturnedItems(again: back)
  }

  /// The receiver that has a call's item, and the item's sequence there.
  func place(ofCall call: UInt64) -> (place: Int, sequence: UInt64)? {
    for (place, holder) in holders.enumerated() {
      if let sequence = holder.leases.sequence(ofCall: call) { return (place, sequence) }
    }
    return nil
  }

  var isSettled: Bool { holders.allSatisfy(\.leases.isEmpty) }

  mutating func abandon() -> Int {
    // The holders stay: what their receivers still acknowledge must not count a second time.
    let count = holders.reduce(0) { $0 + $1.leases.count }
    for place in holders.indices { _ = holders[place].leases.take(from: 0, through: .max) }
    return count
  }
}
