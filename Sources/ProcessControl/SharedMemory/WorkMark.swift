/// What the last word of an entry's copy says about it, in its upper half.
///
/// Zero while the copy is being written, and at first.
struct WorkMark: Equatable {
  private static let busy: UInt64 = 1
  private static let whole: UInt64 = 2
  private static let step: UInt64 = 4

  /// The number of the entry above two bits.
  private let bits: UInt32
  /// The entry's attempt, which shares the word.
  let attempt: UInt32

  init(word: UInt64) {
    bits = UInt32(truncatingIfNeeded: word >> 32)
    attempt = UInt32(truncatingIfNeeded: word)
  }

  private init(bits: UInt64, attempt: UInt32) {
    self.bits = UInt32(truncatingIfNeeded: bits)
    self.attempt = attempt
  }

  /// The word that holds it.
  var word: UInt64 { UInt64(bits) << 32 | UInt64(attempt) }
  /// Whether the copy is completely written.
  var isWhole: Bool { UInt64(bits) & Self.whole != 0 }
  /// Whether the work goes on.
  var isBusy: Bool { UInt64(bits) & Self.busy != 0 }

  /// The mark of the entry after this one; numbers start again after the last.
  func next(attempt: UInt32) -> WorkMark {
    let number = UInt64(bits) & ~(Self.step - 1)
    return WorkMark(bits: number + Self.step | Self.whole | Self.busy, attempt: attempt)
  }

  /// The same entry, its work done.
  var ended: WorkMark { WorkMark(bits: UInt64(bits) & ~Self.busy, attempt: attempt) }

  /// Whether this one is of a later entry than the other copy's; their numbers are neighbours.
  func isNewer(than other: WorkMark) -> Bool {
    guard isWhole, other.isWhole else { return isWhole }
    let number = bits >> 2
    let otherNumber = other.bits >> 2
    // Shifted back up, so that the difference of 30-bit numbers keeps its sign past the last.
    return Int32(bitPattern: (number &- otherNumber) << 2) > 0
  }
}
