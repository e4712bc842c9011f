/// How long, and how often, a node waits for descriptors to come back before it gives a connection up.
struct Patience {
  private static let delay: Duration = .milliseconds(100)
  private var triesLeft = 100

  /// The time until the next try; nil when there have been enough.
  mutating func next() -> Duration? {
    guard triesLeft > 0 else { return nil }
    triesLeft -= 1
    return Self.delay
  }
}
