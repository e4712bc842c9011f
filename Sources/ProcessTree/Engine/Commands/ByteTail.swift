/// The last bytes of a stream, up to a bound.
struct ByteTail {
  private let limit: Int
  private var kept: [UInt8] = []
  /// Whether there were more than are kept.
  private(set) var isCut = false

  init(limit: Int) { self.limit = max(0, limit) }

  /// The last bytes so far.
  var bytes: [UInt8] { kept.count > limit ? Array(kept.suffix(limit)) : kept }

  /// Takes what was read.
  mutating func append(_ new: UnsafeRawBufferPointer) {
    kept.append(contentsOf: new.suffix(limit))
    isCut = isCut || kept.count > limit || new.count > limit
    // Now and then, so that the rest is not moved each time.
    if kept.count - limit > limit { kept.removeFirst(kept.count - limit) }
  }
}
