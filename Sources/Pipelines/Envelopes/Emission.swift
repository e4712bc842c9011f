internal import ProcessTreeStages

/// The outputs of a stage for one envelope, as they grow.
struct Emission<Output: Codable & Sendable> {
  private(set) var items: [Output] = []
  private var offsets: [UInt32] = []
  /// Whether items have followed inputs one by one so far.
  private var isOneByOne = true
  /// The input that is being processed, as an offset to the envelope's first.
  var offset: UInt32 = 0

  init(capacity: Int) {
    items.reserveCapacity(capacity)
  }

  /// Takes an item that came of the current input.
  @inline(__always)
  mutating func append(_ item: Output) {
    if isOneByOne, offset != UInt32(truncatingIfNeeded: items.count) { spellOut() }
    if !isOneByOne { offsets.append(offset) }
    items.append(item)
  }

  private mutating func spellOut() {
    offsets = items.indices.map { UInt32(truncatingIfNeeded: $0) }
    isOneByOne = false
  }

  /// The envelope that takes the place of another one; names what is missing of that, too.
  func envelope<Input>(replacing envelope: Envelope<Input>, cost: UInt64) -> Envelope<Output> {
    Envelope(
      id: envelope.id, cost: cost, origins: Origins(from: envelope.origins.first, offsets: offsets),
      items: items, refusals: envelope.refusals, omissions: envelope.omissions)
  }
}

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
