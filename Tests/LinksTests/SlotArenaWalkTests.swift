import ProcessTreeLinks
import ProcessTreeRandomTesting
import Testing

/// Arenas compared with a plain picture of the taken slots, unit by unit.
@Suite struct SlotArenaWalkTests {
  @Test func nothingOverlapsAndEverythingComesBack() throws {
    var generator = SeededGenerator.announced("slot arena")
    for _ in 0..<iterations(200) {
      var walk = ArenaWalk(limit: generator.int(0...2048) * SlotLayout.unit)
      for _ in 0..<generator.int(1...400) { try walk.step(&generator) }
      try walk.giveEverythingBack(&generator)
    }
  }
}

/// An arena and what must be true of it.
private struct ArenaWalk {
  private let arena: TestedArena
  private var layout: SlotLayout
  private var taken: [[Bool]] = []
  private var inUse: [SharedSlot] = []
  private var returned: [SharedSlot] = []

  init(limit: Int) {
    arena = TestedArena(firstRegion: 4 << 20, limit: limit)
    layout = SlotLayout(limit: limit)
  }

  mutating func step(_ generator: inout SeededGenerator) throws {
    switch generator.int(0...9) {
    case 0...4: try allocate(&generator)
    case 5...7: try release(&generator)
    case 8: try grow(for: size(&generator))
    default: forge(&generator)
    }
    #expect(arena.value.bytesInUse == inUse.map(\.capacity).reduce(0, +))
  }

  /// Sizes of all classes, small ones more often; now and then one that gets no slot.
  private func size(_ generator: inout SeededGenerator) -> Int {
    let largest = SlotLayout.unit << generator.int(0...generator.int(0...11))
    return generator.int(largest / 2...largest)
  }

  private mutating func allocate(_ generator: inout SeededGenerator) throws {
    let byteCount = size(&generator)
    let units = (byteCount + SlotLayout.unit - 1) / SlotLayout.unit
    var length = 1
    while length < units { length *= 2 }
    let isWorthIt = SlotArena.itemSizes.contains(byteCount)
    guard let slot = arena.allocate(byteCount) else {
      // Nil only if there is really no room.
      #expect(!isWorthIt || !hasRoom(length))
      return
    }
    #expect(isWorthIt && slot.capacity == length * SlotLayout.unit)
    #expect(slot.generation != 0)
    #expect(layout.place(of: slot.index, byteCount: slot.capacity) == slot.place)
    let place = self.units(of: slot)
    try #require(place.upperBound <= taken[slot.place.region].count)
    for unit in place {
      #expect(!taken[slot.place.region][unit], "two slots at one place")
      taken[slot.place.region][unit] = true
    }
    inUse.append(slot)
  }

  private mutating func release(_ generator: inout SeededGenerator) throws {
    guard !inUse.isEmpty else { return }
    let slot = inUse.remove(at: generator.int(0...inUse.count - 1))
    try #require(arena.release(slot))
    for unit in units(of: slot) { taken[slot.place.region][unit] = false }
    returned.append(slot)
  }

  private mutating func grow(for byteCount: Int) throws {
    guard let size = arena.growth(for: byteCount) else { return }
    arena.addRegion(size)
    let fits = layout.add(byteCount: size)
    try #require(fits, "the limit is exceeded")
    taken.append([Bool](repeating: false, count: size / SlotLayout.unit))
    #expect(arena.value.layout.byteCount == layout.byteCount)
    #expect(hasRoom((byteCount + SlotLayout.unit - 1) / SlotLayout.unit))
  }

  /// A peer that gives back what it has not, or has given back before.
  private mutating func forge(_ generator: inout SeededGenerator) {
    if let slot = returned.randomElement(using: &generator) {
      #expect(!arena.release(slot))
    }
    let index = UInt32(generator.int(0...4096))
    let generation = UInt32(generator.int(0...40))
    guard !inUse.contains(where: { $0.index == index && $0.generation == generation }) else {
      return
    }
    #expect(!arena.release(index, generation))
  }

  mutating func giveEverythingBack(_ generator: inout SeededGenerator) throws {
    while !inUse.isEmpty { try release(&generator) }
    #expect(arena.value.bytesInUse == 0)
    // In one piece: each region can be had again in the largest slots that it can hold.
    for region in taken {
      let largest = min(SlotArena.itemSizes.upperBound, region.count * SlotLayout.unit)
      for _ in 0..<region.count * SlotLayout.unit / largest {
        #expect(arena.allocate(largest) != nil)
      }
    }
    #expect(arena.value.bytesInUse == layout.byteCount)
  }

  private func units(of slot: SharedSlot) -> Range<Int> {
    let first = slot.place.offset / SlotLayout.unit
    return first..<first + slot.capacity / SlotLayout.unit
  }

  /// Whether somewhere as many free units begin at a multiple of their number.
  private func hasRoom(_ length: Int) -> Bool {
    taken.contains { region in
      stride(from: 0, through: region.count - length, by: length).contains { first in
        !region[first..<first + length].contains(true)
      }
    }
  }
}
