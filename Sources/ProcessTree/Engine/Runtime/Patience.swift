/// How long, and how often, one waits for descriptors to come back before one gives up: ten
/// seconds.
///
/// One pause is awaited at a time, however many ask meanwhile.
struct Patience {
  private static let delay: Duration = .milliseconds(100)
  private static let most = 100
  private var triesLeft = Patience.most
  /// Whether the time until the next try runs.
  private(set) var isPausing = false

  /// Begins the time until the next try; nil when there have been enough, behind which all begins
  /// anew.
  mutating func pause() -> Duration? {
    guard triesLeft > 0 else {
      triesLeft = Self.most
      return nil
    }
    triesLeft -= 1
    isPausing = true
    return Self.delay
  }

  /// The time until the next try is over.
  mutating func resume() { isPausing = false }

  /// A try was successful.
  mutating func renew() { triesLeft = Self.most }
}
