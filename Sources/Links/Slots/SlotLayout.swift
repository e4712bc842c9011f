/// The regions of an arena in the order of their addition, which map slot numbers to places.
///
/// Sender and receiver each keep one. A slot's number is that of the 64 KiB *unit* at which it
/// begins, counted through all regions.
package struct SlotLayout: Sendable {
  /// Slots begin at multiples of this, in bytes.
  package static let unit = 64 << 10

  package let limit: Int
  package private(set) var byteCount = 0
  private var regions: [Range<Int>] = []

  package init(limit: Int) { self.limit = limit }

  package var regionCount: Int { regions.count }

  func units(of region: Int) -> Range<Int> { regions[region] }

  /// Adds a region; false, without effect, if its size is not a positive number of units or exceeds
  /// the limit.
  package mutating func add(byteCount added: Int) -> Bool {
    guard added > 0, added % Self.unit == 0, added <= limit - byteCount else { return false }
    let first = byteCount / Self.unit
    regions.append(first..<first + added / Self.unit)
    byteCount += added
    return true
  }

  /// The place of a slot, if `byteCount` bytes from there on are in one region; otherwise `nil`.
  ///
  /// Any numbers are allowed, because they may come from a peer.
  package func place(of index: UInt32, byteCount: Int) -> SlotPlace? {
    guard let region = regions.firstIndex(where: { $0.contains(Int(index)) }) else { return nil }
    let room = (regions[region].upperBound - Int(index)) * Self.unit
    guard (0...room).contains(byteCount) else { return nil }
    return SlotPlace(region: region, offset: (Int(index) - regions[region].lowerBound) * Self.unit)
  }
}
