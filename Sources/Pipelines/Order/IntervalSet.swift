/// Numbers, most of which follow each other: kept as ranges.
struct IntervalSet: Sendable {
  /// Ascending, with a gap between each two.
  private(set) var ranges: [Range<UInt64>] = []

  /// How many numbers it holds.
  var count: UInt64 { ranges.reduce(0) { $0 + UInt64($1.count) } }

  /// Whether it holds a number.
  func contains(_ number: UInt64) -> Bool {
    let place = firstRange(endingAfter: number)
    return place < ranges.count && ranges[place].contains(number)
  }

  /// Adds a number; false when it was there.
  @discardableResult
  mutating func insert(_ number: UInt64) -> Bool {
    // Nearly always the number that follows.
    if let last = ranges.last, last.upperBound == number {
      ranges[ranges.count - 1] = last.lowerBound..<number + 1
      return true
    }
    let place = firstRange(endingAfter: number)
    let next = place < ranges.count ? ranges[place] : nil
    if let next, next.contains(number) { return false }
    let joinsPrevious = place > 0 && ranges[place - 1].upperBound == number
    let joinsNext = next?.lowerBound == number + 1
    switch (joinsPrevious, joinsNext, next) {
    case (true, true, let next?):
      ranges[place - 1] = ranges[place - 1].lowerBound..<next.upperBound
      ranges.remove(at: place)
    case (true, _, _): ranges[place - 1] = ranges[place - 1].lowerBound..<number + 1
    case (false, true, let next?): ranges[place] = number..<next.upperBound
    default: ranges.insert(number..<number + 1, at: place)
    }
    return true
  }

  /// The place of the first range whose end lies behind the number.
  private func firstRange(endingAfter number: UInt64) -> Int {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound > number { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

/// The envelopes that a receiver has taken, so that none counts twice.
struct TakenEnvelopes: Sendable {
  private var streams: [EnvelopeSourceID.Value: IntervalSet] = [:]

  /// Notes an envelope; false when it was taken before.
  mutating func insert(_ id: EnvelopeID) -> Bool {
    streams[id.stream, default: IntervalSet()].insert(id.number)
  }

  /// Whether an envelope was taken.
  func contains(_ id: EnvelopeID) -> Bool { streams[id.stream]?.contains(id.number) ?? false }

  /// How many envelopes of a stream were taken.
  func count(of stream: EnvelopeSourceID.Value) -> UInt64 { streams[stream]?.count ?? 0 }
}
