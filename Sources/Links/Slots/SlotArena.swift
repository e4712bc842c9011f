/// The allocation of slots in a sender's shared regions to items that its peer has not released.
///
/// It has only numbers: its owner makes the regions and copies the bytes. A slot has 64 KiB times a
/// power of two. The unused rest costs address space, not memory, because a region takes memory
/// only where it is written. Regions are added when the present ones are full, and stay:
///
/// ```swift
/// var slot = arena.allocate(byteCount)
/// if slot == nil, let size = arena.growth(for: byteCount), let region = makeRegion(size) {
///   arena.addRegion(byteCount: size)
///   slot = arena.allocate(byteCount)
/// }                                              // still nil: the item travels as a copy
/// ```
package struct SlotArena: Sendable {
  /// The sizes of items that use a slot, in bytes: 64 KiB to 64 MiB.
  package static let itemSizes = SlotLayout.unit...(64 << 20)

  package private(set) var layout: SlotLayout
  /// The total capacity of the slots in use, in bytes.
  package private(set) var bytesInUse = 0
  private let firstRegion: Int
  private var blocks: [BuddyBlocks] = []
  // For each unit, the generation of the last slot that began there; odd while it is in use.
  private var generations: [UInt32] = []

  /// Makes an arena without regions.
  ///
  /// - Parameters:
  ///   - firstRegion: The size of the first region in bytes.
  ///   - limit: The most bytes of all regions together; 0 for no slots.
  package init(firstRegion: Int = 16 << 20, limit: Int = 256 << 20) {
    self.firstRegion = firstRegion
    layout = SlotLayout(limit: limit)
  }

  /// Allocates a slot for an item; `nil` if there is no room, or the item's size does not use
  /// slots.
  package mutating func allocate(_ byteCount: Int) -> SharedSlot? {
    guard Self.itemSizes.contains(byteCount) else { return nil }
    let order = Self.order(of: byteCount)
    for region in blocks.indices {
      guard let unit = blocks[region].take(order: order) else { continue }
      let index = layout.units(of: region).lowerBound + unit
      generations[index] &+= 1
      let capacity = SlotLayout.unit << order
      bytesInUse += capacity
      return SharedSlot(
        index: UInt32(index), generation: generations[index],
        place: SlotPlace(region: region, offset: unit * SlotLayout.unit), capacity: capacity)
    }
    return nil
  }

  /// Frees a slot.
  ///
  /// - Returns: Whether this slot was in use; otherwise nothing happens.
  package mutating func release(index: UInt32, generation: UInt32) -> Bool {
    guard let place = layout.place(of: index, byteCount: 0),
      generations[Int(index)] == generation, generation % 2 == 1
    else { return false }
    generations[Int(index)] &+= 1
    let order = blocks[place.region].free(at: place.offset / SlotLayout.unit)
    bytesInUse -= SlotLayout.unit << order
    return true
  }

  /// The size of a region to add for an item; `nil` if the limit forbids it, or the item's size
  /// does not use slots.
  ///
  /// Each region is as large as all earlier ones together, up to the limit.
  package func growth(for byteCount: Int) -> Int? {
    guard Self.itemSizes.contains(byteCount) else { return nil }
    let smallest = SlotLayout.unit << Self.order(of: byteCount)
    let room = layout.limit - layout.byteCount
    guard smallest <= room else { return nil }
    let wanted = min(layout.byteCount == 0 ? firstRegion : layout.byteCount, room)
    return max(smallest, Self.powerOfTwo(notAbove: wanted))
  }

  package mutating func addRegion(byteCount: Int) {
    let order = Self.order(of: byteCount)
    let isPowerOfTwo = byteCount == SlotLayout.unit << order
    let fits = layout.add(byteCount: byteCount)
    precondition(isPowerOfTwo && fits, "\(byteCount) bytes are not the size of a region")
    blocks.append(BuddyBlocks(order: order))
    generations += repeatElement(0, count: 1 << order)
  }

  /// The binary logarithm of an item's smallest slot, in units.
  private static func order(of byteCount: Int) -> Int {
    let units = (byteCount + SlotLayout.unit - 1) / SlotLayout.unit
    return units <= 1 ? 0 : Int.bitWidth - (units - 1).leadingZeroBitCount
  }

  private static func powerOfTwo(notAbove number: Int) -> Int {
    number <= 0 ? 0 : 1 << (Int.bitWidth - 1 - number.leadingZeroBitCount)
  }
}
