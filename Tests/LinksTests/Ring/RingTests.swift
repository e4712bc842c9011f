import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@testable import ProcessTreeLinks

/// Frames in rings of all sizes, without bells.
@Suite struct RingTests {
  @Test func framesOfAllSizesArriveOnceAndInOrder() throws {
    var generator = SeededGenerator.announced("frames in a ring")
    for _ in 0..<iterations(400) {
      let (own, peer) = (1 << generator.int(6...14), 1 << generator.int(6...14))
      let (left, right) = (TestMemory(capacity: own), TestMemory(capacity: peer))
      var writer = RingWriter(left.memory, peer: right.seen)
      var reader = RingReader(left.seen, own: right.memory)
      let largest = generator.int(32...5_000)
      var (sent, received) = (UInt64(0), UInt64(0))
      var sizes: [Int] = []
      for _ in 0..<generator.int(1...80) {
        if generator.int(0...1) == 0 {
          let size = generator.int(32...largest)
          try writer.send(ringFrame(sent, size: size))
          sizes.append(size)
          sent += 1
        } else {
          while generator.int(0...4) > 0, let frame = try reader.frame() {
            try #require(frame == ringFrame(received, size: sizes[Int(received)]))
            received += 1
          }
          if generator.int(0...1) == 0 { try writer.resume() }
        }
      }
      while received < sent {
        let before = reader.taken
        try writer.resume()
        while let frame = try reader.frame() {
          try #require(frame == ringFrame(received, size: sizes[Int(received)]))
          received += 1
        }
        try #require(reader.taken > before || received == sent)
      }
      #expect(try !writer.isWaiting && reader.isEmpty())
      try #require(left.borderIsIntact && right.borderIsIntact)
    }
  }

  /// One at a time in both directions stays at the beginning of the memory, which is then all that
  /// is ever touched.
  @Test func smallTrafficStaysInTheFirstPage() throws {
    let capacity = RingLayout.byteCount - RingLayout.start
    let (left, right) = (TestMemory(capacity: capacity), TestMemory(capacity: capacity))
    var writer = RingWriter(left.memory, peer: right.seen)
    var reader = RingReader(left.seen, own: right.memory)
    for number in 0..<10_000 as Range<UInt64> {
      try writer.send(ringFrame(number, size: 100 + Int(number % 50)))
      #expect(try reader.frame()?.count == 100 + Int(number % 50))
    }
    #expect(left.memory[4_096...].allSatisfy { $0 == 0 })
  }

  @Test func aFullRingKeepsWhatWaitsUntilThereIsRoom() throws {
    let (left, right) = (TestMemory(capacity: 1 << 10), TestMemory(capacity: 1 << 10))
    var writer = RingWriter(left.memory, peer: right.seen)
    var reader = RingReader(left.seen, own: right.memory)
    for number in 0..<100 as Range<UInt64> { try writer.send(ringFrame(number, size: 300)) }
    #expect(writer.isWaiting)
    // The peer is stopped: nothing that the writer does changes anything.
    for _ in 0..<10 { try writer.resume() }
    for number in 0..<100 as Range<UInt64> {
      var frame = try reader.frame()
      if frame == nil {
        try writer.resume()
        frame = try reader.frame()
      }
      #expect(frame == ringFrame(number, size: 300))
    }
    #expect(!writer.isWaiting)
  }

  /// A writer that dies at any of its instructions has published whole pieces only.
  @Test func aFrameThatIsNotWholeIsNotReceived() throws {
    let (left, right) = (TestMemory(capacity: 1 << 10), TestMemory(capacity: 1 << 10))
    var writer = RingWriter(left.memory, peer: right.seen)
    var reader = RingReader(left.seen, own: right.memory)
    try writer.send(ringFrame(1, size: 64))
    try writer.send(ringFrame(2, size: 5_000))
    #expect(try reader.frame() == ringFrame(1, size: 64))
    for _ in 0..<3 { #expect(try reader.frame() == nil) }
    #expect(try reader.isEmpty())
  }

  @Test(
    arguments: [
      (1_032, "written 1032"), (4, "written 4"), (.max, "written"), (1 << 63, "written"),
    ] as [(UInt64, String)])
  func aRingThatCannotBeIsNamed(written: UInt64, reason: String) throws {
    let (left, right) = (TestMemory(capacity: 1 << 10), TestMemory(capacity: 1 << 10))
    var reader = RingReader(left.seen, own: right.memory)
    left.store(written, .written)
    let error = #expect(throws: WireError.self) { try reader.frame() }
    #expect(error?.description.contains(reason) == true)
  }

  @Test(arguments: [0, 31, 1 << 20 + 1, .max - 1, 1 << 63] as [UInt64])
  func aFrameOfNoFramesLengthIsNamed(length: UInt64) throws {
    let (left, right) = (TestMemory(capacity: 1 << 10), TestMemory(capacity: 1 << 10))
    var reader = RingReader(left.seen, own: right.memory)
    left.memory.storeBytes(of: length, toByteOffset: RingLayout.start, as: UInt64.self)
    left.store(64, .written)
    let error = #expect(throws: WireError.self) { try reader.frame() }
    #expect(error?.description == "its ring has a frame of \(length) bytes")
  }

  @Test func aSkipOverBytesThatAreNotThereIsNamed() throws {
    let (left, right) = (TestMemory(capacity: 1 << 10), TestMemory(capacity: 1 << 10))
    var reader = RingReader(left.seen, own: right.memory)
    left.memory.storeBytes(of: RingMemory.skip, toByteOffset: RingLayout.start, as: UInt64.self)
    left.store(64, .written)
    #expect(throws: WireError.self) { try reader.frame() }
  }

  @Test(arguments: [8, 4, .max, 1 << 63] as [UInt64])
  func takingMoreThanWasWrittenIsNamed(taken: UInt64) throws {
    let (left, right) = (TestMemory(capacity: 1 << 10), TestMemory(capacity: 1 << 10))
    var writer = RingWriter(left.memory, peer: right.seen)
    right.store(taken, .taken)
    let error = #expect(throws: WireError.self) { try writer.send(ringFrame(1, size: 64)) }
    #expect(error?.description.contains("taken \(taken) of 0") == true)
  }
}
