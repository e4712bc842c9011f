import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@testable import ProcessTreeLinks

/// A peer that writes what it likes into its memory, at any time.
@Suite struct RingFuzzTests {
  /// A number that is likely to be believed, or to be at a border.
  private func word(_ generator: inout SeededGenerator, near value: UInt64) -> UInt64 {
    switch generator.int(0...5) {
    case 0: generator.next()
    case 1: value &+ UInt64(generator.int(0...1 << 12))
    case 2: value &- UInt64(generator.int(0...1 << 12))
    case 3: UInt64.max - UInt64(generator.int(0...16))
    default: value &+ UInt64(generator.int(0...150)) * 8
    }
  }

  @Test func nothingInAPeersMemoryLeadsOutside() throws {
    var generator = SeededGenerator.announced("hostile rings")
    for _ in rounds(3_000) {
      let capacity = 1 << generator.int(6...12)
      let (own, peer) = (TestMemory(capacity: capacity), TestMemory(capacity: capacity))
      var writer = RingWriter(own.memory, peer: peer.seen)
      var reader = RingReader(peer.seen, own: own.memory)
      // An honest peer, until its memory is changed.
      var honest = RingWriter(peer.memory, peer: own.seen)
      do throws(WireError) {
        for _ in 0..<generator.int(1...60) {
          switch generator.int(0...9) {
          case 0: peer.store(word(&generator, near: peer.load(.written)), .written)
          case 1: peer.store(word(&generator, near: own.load(.written)), .taken)
          case 2, 3:
            let offset = RingLayout.start + generator.int(0...capacity / 8 - 1) * 8
            peer.memory.storeBytes(
              of: word(&generator, near: 32), toByteOffset: offset, as: UInt64.self)
          case 4:
            for _ in 0..<generator.int(1...20) {
              peer.memory[generator.int(0...peer.memory.count - 1)] = UInt8(generator.int(0...255))
            }
          case 5: try writer.send(ringFrame(1, size: generator.int(32...3_000)))
          case 6: try? honest.send(ringFrame(2, size: generator.int(32...3_000)))
          case 7: peer.store(own.load(.written), .taken)
          default:
            for _ in 0..<10 {
              guard let frame = try reader.frame() else { break }
              #expect((FlowHeader.size...WireLimits.frameSize).contains(frame.count))
            }
          }
        }
      } catch {
        #expect(error.description.hasPrefix("its ring "))
      }
      try #require(own.borderIsIntact && peer.borderIsIntact)
    }
  }
}
