internal import ProcessTreeBase

/// An order of jobs that a seed decides.
final class SeededOrder: Sendable {
  private let state: Lock<UInt64>

  init(seed: UInt64) { state = Lock(seed) }

  /// Chooses one of so many (SplitMix64).
  @Sendable func pick(_ count: Int) -> Int {
    let drawn = state.withLock { state in
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    return Int(drawn % UInt64(max(1, count)))
  }
}
