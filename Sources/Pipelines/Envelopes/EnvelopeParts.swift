internal import ProcessTreeStages

/// Items that belong to no input, in parts small enough for an envelope each.
struct EnvelopeParts<Item> {
  private static var most: Int { 1_024 }

  private var rest: ArraySlice<Item>

  init(_ items: [Item]) {
    rest = items[...]
  }

  /// The next part, of at least one item; nil at the end.
  mutating func next() -> ArraySlice<Item>? {
    guard !rest.isEmpty else { return nil }
    let estimate = ByteEstimate<Item>()
    var bytes = 0
    var end = rest.startIndex
    repeat {
      bytes += estimate.bytes(of: rest[end])
      end += 1
    } while end < rest.endIndex && bytes < ChunkLimits.bytes && end - rest.startIndex < Self.most
    defer { rest = rest[end...] }
    return rest[..<end]
  }
}
