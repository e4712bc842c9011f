/// How many inputs the next batch of a call has: as many as fill a few hundred microseconds.
///
/// Starts with one and grows by the time that workers say they spent.
struct BatchSizer: Sendable {
  /// What a batch should take; its journey costs about a tenth of it.
  static let aim = 500_000.0
  /// At most this many inputs are in a batch, however little time they take.
  static let largest = 8_192
  /// Towards the end of the inputs batches shrink, but not below this time.
  private static let shortest = 60_000.0
  private static let growth = 4

  private let limit: Int
  private(set) var nanosecondsPerItem: Double?
  private var largestAnswered = 0

  init(limit: Int = Self.largest) {
    self.limit = max(1, min(limit, Self.largest))
  }

  /// The size for the next batch.
  ///
  /// - Parameters:
  ///   - remaining: How many inputs have not been given out, where that is known.
  ///   - workers: Among how many they are shared.
  func next(remaining: Int? = nil, workers: Int = 1) -> Int {
    guard let each = nanosecondsPerItem else { return 1 }
    var size = min(items(in: Self.aim, each), limit, max(1, largestAnswered * Self.growth))
    if let remaining {
      // So that the workers end together.
      let share = (remaining + 2 * workers - 1) / (2 * workers)
      size = min(size, max(share, items(in: Self.shortest, each)))
    }
    return max(1, size)
  }

  private func items(in time: Double, _ each: Double) -> Int {
    Int(min(time / max(each, 1), Double(Self.largest)))
  }

  /// Whether a batch is done so soon that a worker should have the next one at hand.
  ///
  /// A batch waits in a worker only behind one of the same call that is expected to be short. Should
  /// that turn out long, the call is not over before it either, so nothing is held back for long.
  var isShort: Bool {
    nanosecondsPerItem.map { $0 <= 2 * Self.aim } ?? false
  }

  /// Learns from a batch, or a part of one.
  mutating func record(items: Int, nanoseconds: Int) {
    guard items > 0 else { return }
    let each = Double(max(nanoseconds, 1)) / Double(items)
    // What takes longer than thought counts at once; what is faster, bit by bit.
    nanosecondsPerItem = nanosecondsPerItem.map { max(each, ($0 + each) / 2) } ?? each
    largestAnswered = max(items, largestAnswered / 2)
  }
}
