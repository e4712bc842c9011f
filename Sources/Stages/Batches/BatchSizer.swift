/// How many inputs the next batch has: as many as take about the time that is aimed at.
///
/// The first batch has one input, or a small share of all inputs where their number is known.
/// Batches grow as they come back, at most by a factor each time, and only as far as batches of
/// that size have been seen to pass.
package struct BatchSizer: Sendable {
  /// At most this many inputs are in a batch, however little time they take.
  package static let largest = 8_192

  /// What a batch should take, in nanoseconds.
  private let aim: Double
  private let growth: Int
  private let slowerWeight: Double
  private let limit: Int
  private var first: Int
  private var nanosecondsPerItem: Double?
  private var largestAnswered = 0

  /// - Parameters:
  ///   - aim: What a batch should take.
  ///   - growth: By which factor batches grow at most.
  ///   - slowerWeight: How much a batch counts that took longer than thought: 1 when its time is
  ///     the inputs' own, less when it may only have waited for a processor. A faster one counts
  ///     half.
  ///   - limit: How many inputs a batch has at most.
  ///   - first: How many inputs a batch has before one has come back.
  package init(
    aim: Duration, growth: Int, slowerWeight: Double = 1, limit: Int = Self.largest, first: Int = 1
  ) {
    self.aim = aim / .nanoseconds(1)
    self.growth = growth
    self.slowerWeight = slowerWeight
    self.limit = max(1, min(limit, Self.largest))
    self.first = max(1, min(first, self.limit))
  }

  /// Lowers the number of inputs that a batch has before one has come back, at least to 1.
  package mutating func limitFirst(to count: Int) { first = max(1, min(first, count)) }

  /// Returns the size for the next batch.
  ///
  /// - Parameters:
  ///   - remaining: How many inputs have not been given out, where that is known.
  ///   - workers: Among how many they are shared.
  package func next(remaining: Int? = nil, workers: Int = 1) -> Int {
    guard let each = nanosecondsPerItem else { return first }
    var size = min(items(in: aim, each), limit, max(1, largestAnswered * growth))
    if let remaining {
      // Batches shrink so that the workers end together, but not below an eighth of the time.
      let share = (remaining + 2 * workers - 1) / (2 * workers)
      size = min(size, max(share, items(in: aim / 8, each)))
    }
    return max(1, size)
  }

  private func items(in time: Double, _ each: Double) -> Int {
    Int(min(time / max(each, 1), Double(Self.largest)))
  }

  /// Whether a batch is done so soon that a worker should have the next one at hand.
  ///
  /// A batch waits in a worker only behind one of the same call that is expected to be short.
  /// Should that turn out long, the call is not over before it either, so nothing is held back for
  /// long.
  package var isShort: Bool {
    nanosecondsPerItem.map { $0 <= 2 * aim } ?? false
  }

  /// Learns from a batch, or a part of one.
  package mutating func record(items: Int, nanoseconds: some BinaryInteger) {
    guard items > 0 else { return }
    let each = max(Double(nanoseconds), 1) / Double(items)
    // What a batch takes whatever is in it weighs less the larger it is, so that a batch counts the
    // more, the more inputs it has beside those that were seen.
    let share = Double(items) / Double(items + largestAnswered)
    nanosecondsPerItem =
      nanosecondsPerItem.map { $0 + (each - $0) * (each > $0 ? slowerWeight : max(0.5, share)) }
      ?? each
    largestAnswered = max(largestAnswered, min(items, Self.largest))
  }
}
