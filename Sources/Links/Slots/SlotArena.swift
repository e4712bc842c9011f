/// Which parts of a sender's shared regions hold items that its peer has not given back.
///
/// Only numbers: whoever owns the arena makes the regions and copies the bytes. Slots have 64 KiB
/// times a power of two; what an item leaves over is address space, not memory, since a region
/// takes memory only where something is written. Regions are added when the ones there are do not
/// suffice, and stay:
///
/// ```swift
/// var slot = arena.allocate(byteCount)
/// if slot == nil, let size = arena.growth(for: byteCount), let region = makeRegion(size) {
///   arena.addRegion(byteCount: size)
///   slot = arena.allocate(byteCount)
/// }                                              // still nil: the item travels as a copy
/// ```
package struct SlotArena: Sendable {
  /// The sizes of items that are worth a slot, in bytes: 64 KiB to 64 MiB.
  package static let itemSizes = SlotLayout.unit...(64 << 20)

  /// Where slots are.
  package private(set) var layout: SlotLayout
  /// How many bytes the slots in use could hold.
  package private(set) var bytesInUse = 0
  private let firstRegion: Int
  private var blocks: [BuddyBlocks] = []
  // By unit: of the slot that begins there or began there last. Odd while it is in use.
  private var generations: [UInt32] = []

  /// An arena without regions.
  ///
  /// - Parameters:
  ///   - firstRegion: The size of the first region in bytes.
  ///   - limit: How many bytes all regions together may have; 0 for no slots at all.
  package init(firstRegion: Int = 16 << 20, limit: Int = 256 << 20) {
    self.firstRegion = firstRegion
    layout = SlotLayout(limit: limit)
  }

  /// Finds room for an item; nil if there is none at present, or its size is not worth a slot.
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

  /// Takes a slot back.
  ///
  /// - Returns: False, and nothing happens, if this slot is not in use: the number is wrong, or the
  ///   generation is not the present one.
  package mutating func release(index: UInt32, generation: UInt32) -> Bool {
    guard let place = layout.place(of: index, byteCount: 0),
      generations[Int(index)] == generation, generation % 2 == 1
    else { return false }
    generations[Int(index)] &+= 1
    let order = blocks[place.region].free(at: place.offset / SlotLayout.unit)
    bytesInUse -= SlotLayout.unit << order
    return true
  }

  /// The size of the region to add so that an item finds room; nil if the limit forbids it, or the
  /// item's size is not worth a slot.
  ///
  /// Each region is as large as all before it together, if the limit leaves so much.
  package func growth(for byteCount: Int) -> Int? {
    guard Self.itemSizes.contains(byteCount) else { return nil }
    let smallest = SlotLayout.unit << Self.order(of: byteCount)
    let room = layout.limit - layout.byteCount
    guard smallest <= room else { return nil }
    let wanted = min(layout.byteCount == 0 ? firstRegion : layout.byteCount, room)
    return max(smallest, Self.powerOfTwo(notAbove: wanted))
  }

  /// Adds a region of the size that `growth` gave.
  package mutating func addRegion(byteCount: Int) {
    let order = Self.order(of: byteCount)
    let isPowerOfTwo = byteCount == SlotLayout.unit << order
    let fits = layout.add(byteCount: byteCount)
    precondition(isPowerOfTwo && fits, "\(byteCount) bytes are not the size of a region")
    blocks.append(BuddyBlocks(order: order))
    generations += repeatElement(0, count: 1 << order)
  }

  /// The binary logarithm of the smallest slot for an item, in units.
  private static func order(of byteCount: Int) -> Int {
    let units = (byteCount + SlotLayout.unit - 1) / SlotLayout.unit
    return units <= 1 ? 0 : Int.bitWidth - (units - 1).leadingZeroBitCount
  }

  private static func powerOfTwo(notAbove number: Int) -> Int {
    number <= 0 ? 0 : 1 << (Int.bitWidth - 1 - number.leadingZeroBitCount)
  }
}
