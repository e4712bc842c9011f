internal import DequeModule

/// The items that one receiver has and has not acknowledged, by their sequence on its flow.
struct Leases {
  private struct Lease {
    let sequence: UInt64
    let item: PendingItem
  }

  private var leases: Deque<Lease> = []
  private var lastSequence: UInt64 = 0

  var isEmpty: Bool { leases.isEmpty }
  var count: Int { leases.count }
  /// The sequence of the item that the receiver has had for longest.
  var oldest: UInt64? { leases.first?.sequence }
  /// The items with their sequences, oldest first.
  var all: [(sequence: UInt64, item: PendingItem)] { leases.map { ($0.sequence, $0.item) } }

  /// The next item of the flow is leased.
  mutating func add(_ item: PendingItem) {
    lastSequence += 1
    leases.append(Lease(sequence: lastSequence, item: item))
  }

  /// Ends the leases of acknowledged items; returns their number.
  mutating func acknowledge(below: UInt64, above: [UInt64]) -> Int {
    let before = leases.count
    while let first = leases.first, first.sequence < below { leases.removeFirst() }
    for sequence in above { _ = take(sequence) }
    return before - leases.count
  }

  /// Ends the lease of one item; nil if there is none.
  mutating func take(_ sequence: UInt64) -> PendingItem? {
    guard let index = index(of: sequence) else { return nil }
    return leases.remove(at: index).item
  }

  /// Ends the leases of the items from one sequence through another.
  mutating func take(from first: UInt64, through last: UInt64) -> [PendingItem] {
    var back: [PendingItem] = []
    // From the end: items that were sent after the receiver's answer may stand behind these, and
    // stay.
    for index in leases.indices.reversed() {
      let sequence = leases[index].sequence
      if sequence < first { break }
      if sequence <= last { back.append(leases.remove(at: index).item) }
    }
    return back.reversed()
  }

  /// The sequence of a call's item.
  func sequence(ofCall call: UInt64) -> UInt64? {
    leases.first { $0.item.call == call }?.sequence
  }

  private func index(of sequence: UInt64) -> Int? {
    // Sequences grow along the queue, with gaps.
    var low = 0
    var high = leases.count
    while low < high {
      let middle = (low + high) / 2
      if leases[middle].sequence < sequence { low = middle + 1 } else { high = middle }
    }
    return low < leases.count && leases[low].sequence == sequence ? low : nil
  }
}
