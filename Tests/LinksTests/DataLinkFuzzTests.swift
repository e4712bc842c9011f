import ProcessTreeLinks
import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

/// Frames of a peer that knows the format and means no good.
@Suite struct DataLinkFuzzTests {
  private func frame(_ generator: inout SeededGenerator) -> [UInt8] {
    let kinds: [DataFrameHeader.Kind] = [.items, .items, .items, .items, .credit, .finish]
    let count = generator.int(0...3)
    let header = DataFrameHeader(
      kind: kinds[generator.int(0...20) % 6 == 5 ? 5 : generator.int(0...4)],
      flags: .init(rawValue: generator.int(0...2) == 0 ? UInt8(generator.int(0...3)) : 0),
      channel: UInt16(generator.int(0...2)), count: UInt32(count), total: generator.next())
    var frame = DataFrameBuilder.control(header)
    if header.kind == .items {
      for _ in 0..<count {
        let item = generator.bytes(generator.int(0...30))
        withUnsafeBytes(of: UInt32(item.count).littleEndian) { frame += $0 }
        frame += item
      }
    }
    switch generator.int(0...30) {
    case 0: frame.removeLast(generator.int(1...frame.count))
    case 1: frame += generator.bytes(generator.int(1...5))
    case 2: frame[generator.int(0...frame.count - 1)] = UInt8(generator.int(0...255))
    default: break
    }
    return frame
  }

  @Test func framesAreTakenOrRefusedAndNeverTrap() async throws {
    let generator = SeededGenerator.announced("framesAreTakenOrRefusedAndNeverTrap")
    try await withLoop { loop in
      var generator = generator
      var (taken, refused) = (0, 0)
      var link = DataLink(on: loop) { _ in }
      for _ in rounds(50_000) {
        if refused.isMultiple(of: 10) {
          link = DataLink(on: loop) { _ in }
          link.connected()
        }
        let bytes = frame(&generator)
        do {
          try link.take(bytes)
          taken += 1
        } catch {
          refused += 1
        }
        if generator.bool() { link.flush() }
        while generator.int(0...2) > 0, link.channel(UInt16(generator.int(0...2))).takeItem() != nil
        {}
      }
      #expect(taken > refused && refused > 0)
    }
  }
}
