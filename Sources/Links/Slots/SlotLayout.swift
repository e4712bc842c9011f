/// The regions of an arena in the order in which they were added: what finds a slot by its number.
///
/// Sender and receiver of items each keep one. Slots are numbered by the 64 KiB *unit* they begin at,
/// through all regions.
package struct SlotLayout: Sendable {
  /// The distance of two slots' beginnings is a multiple of this, in bytes.
  package static let unit = 64 << 10

  /// How many bytes all regions together may have.
  package let limit: Int
  /// How many bytes they have.
  package private(set) var byteCount = 0
  private var regions: [Range<Int>] = []

  /// A layout without regions; `limit` in bytes.
  package init(limit: Int) { self.limit = limit }

  /// The number of regions.
  package var regionCount: Int { regions.count }

  /// The units of a region.
  func units(of region: Int) -> Range<Int> { regions[region] }

  /// Adds a region; false, and nothing happens, if its size is no positive number of units or the
  /// limit would be exceeded.
  package mutating func add(byteCount added: Int) -> Bool {
    guard added > 0, added % Self.unit == 0, added <= limit - byteCount else { return false }
    let first = byteCount / Self.unit
    regions.append(first..<first + added / Self.unit)
    byteCount += added
    return true
  }

  /// Where a slot begins, if `byteCount` bytes from there on are in one region; else nil.
  ///
  /// For numbers that came from a peer: any are allowed.
  package func place(of index: UInt32, byteCount: Int) -> SlotPlace? {
    guard let region = regions.firstIndex(where: { $0.contains(Int(index)) }) else { return nil }
    let room = (regions[region].upperBound - Int(index)) * Self.unit
    guard (0...room).contains(byteCount) else { return nil }
    return SlotPlace(region: region, offset: (Int(index) - regions[region].lowerBound) * Self.unit)
  }
}
