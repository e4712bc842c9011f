internal import ProcessTreeBase

/// An order of jobs that a seed decides.
final class SeededOrder: Sendable {
  private let random: Lock<SplitMix64>

  init(seed: UInt64) { random = Lock(SplitMix64(seed: seed)) }

  /// Chooses one of so many.
  @Sendable func pick(_ count: Int) -> Int {
    Int(random.withLock { $0.next() } % UInt64(max(1, count)))
  }
}
