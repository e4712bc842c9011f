internal import ProcessTreeBase

/// For each item of an envelope, the number of the source's input that it came of.
///
/// As long as every input made one item it is the first number alone.
struct Origins: Hashable, Sendable {
  /// The number of the envelope's first input.
  let first: UInt64
  /// For each item what is to be added to `first`; empty when items follow inputs one by one.
  let offsets: [UInt32]

  /// Items that follow the inputs one by one.
  init(from first: UInt64) {
    self.first = first
    offsets = []
  }

  init(from first: UInt64, offsets: [UInt32]) {
    self.first = first
    self.offsets = offsets
  }

  /// What is to be added to `first` for an item.
  @inline(__always)
  func offset(of item: Int) -> UInt32 {
    offsets.isEmpty ? UInt32(truncatingIfNeeded: item) : offsets[item]
  }

  /// The number of the input that an item came of.
  func input(of item: Int) -> UInt64 { first.saturatingAdding(UInt64(offset(of: item))) }
}
