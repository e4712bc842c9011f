import ProcessTreeLinks
import Testing

@Suite struct SlotArenaTests {
  /// An arena with one region.
  private func arena(_ byteCount: Int) -> TestedArena {
    let arena = TestedArena(firstRegion: byteCount, limit: byteCount)
    arena.addRegion(byteCount)
    return arena
  }

  @Test func itemsGetTheSmallestPowerOfTwoThatHoldsThem() {
    let arena = arena(256 << 20)
    // In KiB.
    for (size, capacity) in [
      (64, 64), (65, 128), (128, 128), (1024, 1024), (1025, 2048), (33_000, 65_536),
      (65_536, 65_536),
    ] {
      #expect(arena.allocate(size << 10)?.capacity == capacity << 10)
    }
    #expect(arena.allocate((64 << 10) + 1)?.capacity == 128 << 10)
  }

  @Test func sizesThatAreNotWorthASlotGetNone() {
    let arena = arena(256 << 20)
    for size in [Int.min, -1, 0, 1, (64 << 10) - 1, (64 << 20) + 1, .max] {
      #expect(arena.allocate(size) == nil)
      #expect(arena.growth(for: size) == nil)
    }
    #expect(arena.value.bytesInUse == 0)
  }

  @Test func slotsAreUsedAgainFromTheBeginning() throws {
    let arena = arena(16 << 20)
    let first = try #require(arena.allocate(1 << 20))
    let second = try #require(arena.allocate(1 << 20))
    #expect(arena.release(first))
    let again = try #require(arena.allocate(1 << 20))
    #expect(again.index == first.index && again.place == first.place)
    #expect(again.generation != first.generation)
    #expect(second.place.offset == 1 << 20)
  }

  @Test func whatIsNotInUseIsNotTakenBack() throws {
    let arena = arena(16 << 20)
    let slot = try #require(arena.allocate(1 << 20))
    for (index, generation) in [
      (slot.index, 0), (slot.index, slot.generation + 1), (slot.index, slot.generation + 2),
      (slot.index + 1, slot.generation), (slot.index + 1, 0), (16, 0), (16, 1), (255, 1), (256, 1),
      (.max, .max),
    ] as [(UInt32, UInt32)] {
      #expect(!arena.release(index, generation), "\(index) \(generation)")
    }
    #expect(arena.value.bytesInUse == 1 << 20)
    #expect(arena.release(slot))
    #expect(!arena.release(slot))
    let next = try #require(arena.allocate(1 << 20))
    #expect(!arena.release(slot))
    #expect(arena.release(next))
    #expect(arena.value.bytesInUse == 0)
  }

  @Test func anArenaGrowsByDoublingUpToItsLimit() {
    let arena = TestedArena(firstRegion: 16 << 20, limit: 256 << 20)
    var sizes: [Int] = []
    #expect(arena.allocate(64 << 10) == nil)
    while let size = arena.growth(for: 64 << 10) {
      sizes.append(size)
      arena.addRegion(size)
    }
    #expect(sizes == [16, 16, 32, 64, 128].map { $0 << 20 })
    #expect(arena.value.layout.byteCount == 256 << 20)
  }

  @Test func aLargeItemGetsARegionThatHoldsIt() {
    let arena = TestedArena(firstRegion: 16 << 20, limit: 100 << 20)
    #expect(arena.growth(for: 40 << 20) == 64 << 20)
    arena.addRegion(64 << 20)
    #expect(arena.allocate(40 << 20) != nil)
    #expect(arena.growth(for: 40 << 20) == nil)
    #expect(arena.growth(for: 20 << 20) == 32 << 20)
    #expect(TestedArena(firstRegion: 16 << 20, limit: 0).growth(for: 64 << 10) == nil)
    #expect(TestedArena(firstRegion: 16 << 20, limit: 100 << 10).growth(for: 64 << 10) == 64 << 10)
  }

  @Test func regionsAreAddedUpToTheLimitOnly() {
    var layout = SlotLayout(limit: 1 << 20)
    let sizes = [0, -65_536, 1, 65_537, 2 << 20, .max - 65_535, .min]
    #expect(sizes.map { layout.add(byteCount: $0) }.allSatisfy { !$0 })
    #expect(layout.regionCount == 0 && layout.place(of: 0, byteCount: 0) == nil)
    #expect(
      [256 << 10, 768 << 10, 64 << 10].map { layout.add(byteCount: $0) }
        == [true, true, false])
    #expect(layout.regionCount == 2 && layout.byteCount == 1 << 20)
  }

  @Test(
    arguments: [
      // Not over the end of a region into the next.
      (3, 65_536, [0, 3]), (3, 65_537, nil), (0, 256 << 10, [0, 0]), (0, 1 << 20, nil),
      (4, 768 << 10, [1, 0]), (15, 65_536, [1, 11]), (15, 65_537, nil), (15, -1, nil),
      (15, .max, nil), (15, .min, nil), (16, 0, nil), (.max, 0, nil),
    ] as [(UInt32, Int, [Int]?)])
  func aPeerFindsSlotsAndNothingElse(index: UInt32, byteCount: Int, expected: [Int]?) {
    var layout = SlotLayout(limit: 1 << 20)
    _ = layout.add(byteCount: 256 << 10)
    _ = layout.add(byteCount: 768 << 10)
    let place = layout.place(of: index, byteCount: byteCount)
    #expect(place.map { [$0.region, $0.offset / SlotLayout.unit] } == expected)
  }
}

/// An arena that can be changed inside of an expectation.
final class TestedArena {
  private(set) var value: SlotArena

  init(firstRegion: Int, limit: Int) {
    value = SlotArena(firstRegion: firstRegion, limit: limit)
  }

  func allocate(_ byteCount: Int) -> SharedSlot? { value.allocate(byteCount) }

  func release(_ index: UInt32, _ generation: UInt32) -> Bool {
    value.release(index: index, generation: generation)
  }

  func release(_ slot: SharedSlot) -> Bool { release(slot.index, slot.generation) }

  func growth(for byteCount: Int) -> Int? { value.growth(for: byteCount) }

  func addRegion(_ byteCount: Int) { value.addRegion(byteCount: byteCount) }
}
