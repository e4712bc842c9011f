/// The state of an entry's copy, in the upper half of its last word.
///
/// It is zero at first and while the copy is written.
struct WorkMark: Equatable {
  private static let busy: UInt64 = 1
  private static let whole: UInt64 = 2
  private static let step: UInt64 = 4

  /// The number of the entry, above two flag bits.
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

  var word: UInt64 { UInt64(bits) << 32 | UInt64(attempt) }
  /// The number of the entry, one more for each; its lowest bit is that of its copy.
  var number: UInt32 { bits >> 2 }
  /// The upper half of the word that notes an element of the entry, never zero.
  var tag: UInt64 { 1 << 63 | UInt64(number) << 32 }

  /// The element that a word notes; nil if it is none of this entry.
  func elementOffset(in word: UInt64) -> UInt32? {
    word & ~0xFFFF_FFFF == tag ? UInt32(truncatingIfNeeded: word) : nil
  }

  /// Whether the copy is completely written.
  var isWhole: Bool { UInt64(bits) & Self.whole != 0 }
  var isBusy: Bool { UInt64(bits) & Self.busy != 0 }

  /// The mark of the next entry; numbers wrap around.
  func next(attempt: UInt32) -> WorkMark {
    let number = UInt64(bits) & ~(Self.step - 1)
    return WorkMark(bits: number + Self.step | Self.whole | Self.busy, attempt: attempt)
  }

  /// The mark of the same entry after its work.
  var ended: WorkMark { WorkMark(bits: UInt64(bits) & ~Self.busy, attempt: attempt) }

  /// Whether this entry is later than the other copy's; their numbers are adjacent.
  func isNewer(than other: WorkMark) -> Bool {
    guard isWhole, other.isWhole else { return isWhole }
    // Shifted back up, so that the difference of 30-bit numbers keeps its sign past the last.
    return Int32(bitPattern: (number &- other.number) << 2) > 0
  }
}
