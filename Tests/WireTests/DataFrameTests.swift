import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@Suite struct DataFrameTests {
  private func items(of frame: [UInt8]) throws -> [[UInt8]] {
    try frame.withUnsafeBytes { frame in
      var walk = DataFrameItems(frame, header: try DataFrameHeader(frame))
      var items: [[UInt8]] = []
      while let item = try walk.next() { items.append(Array(item)) }
      return items
    }
  }

  private func header(of frame: [UInt8]) throws -> DataFrameHeader {
    try frame.withUnsafeBytes { try DataFrameHeader($0) }
  }

  @Test func theBytesAreTheProtocols() throws {
    var builder = DataFrameBuilder(channel: 0x0201)
    [UInt8]([7, 8]).withUnsafeBytes { builder.append($0, isContinuation: true) }
    [UInt8]().withUnsafeBytes { builder.append($0, isLast: false) }
    #expect(
      builder.take() == [
        1, 3, 1, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 7, 8, 0, 0, 0, 0,
      ])
    let credit = DataFrameHeader(kind: .credit, channel: 3, total: 0x0102_0304_0506_0708)
    #expect(
      DataFrameBuilder.control(credit) == [2, 0, 3, 0, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1])
    let finish = DataFrameHeader(kind: .finish, channel: 0xFFFF)
    #expect(
      DataFrameBuilder.control(finish) == [3, 0, 255, 255] + [UInt8](repeating: 0, count: 12))
  }

  @Test func headersComeBackAsTheyWere() throws {
    var generator = SeededGenerator.announced("headersComeBackAsTheyWere")
    for _ in 0..<10_000 {
      let kinds: [DataFrameHeader.Kind] = [.items, .credit, .finish]
      let header = DataFrameHeader(
        kind: kinds[generator.int(0...2)], flags: .init(rawValue: UInt8(generator.int(0...3))),
        channel: UInt16.random(in: 0...UInt16.max, using: &generator),
        count: UInt32.random(in: 0...UInt32.max, using: &generator), total: generator.next())
      #expect(try self.header(of: DataFrameBuilder.control(header)) == header)
    }
  }

  @Test func itemsComeBackAsTheyWere() throws {
    var generator = SeededGenerator.announced("itemsComeBackAsTheyWere")
    var builder = DataFrameBuilder(channel: 5)
    for _ in 0..<2_000 {
      let sent = (0..<generator.int(1...20)).map { _ in generator.bytes(generator.int(0...60)) }
      for item in sent { item.withUnsafeBytes { builder.append($0) } }
      #expect(!builder.isEmpty && builder.size == 16 + sent.reduce(0) { $0 + 4 + $1.count })
      let frame = builder.take()
      #expect(builder.isEmpty && builder.size == 0)
      #expect(try header(of: frame).count == UInt32(sent.count))
      #expect(try header(of: frame).flags == [])
      #expect(try items(of: frame) == sent)
    }
  }

  @Test func flagsBelongToOneFrame() throws {
    var builder = DataFrameBuilder(channel: 1)
    [UInt8]([1]).withUnsafeBytes { builder.append($0, isContinuation: true, isLast: false) }
    #expect(try header(of: builder.take()).flags == [.continuesPrevious, .continuesInNext])
    [UInt8]([1]).withUnsafeBytes { builder.append($0) }
    #expect(try header(of: builder.take()).flags == [])
  }

  @Test(arguments: 0..<16)
  func aFrameShorterThanAHeaderIsRefused(_ count: Int) {
    #expect(throws: WireError.self) { try header(of: [UInt8](repeating: 1, count: count)) }
  }

  @Test func unknownKindsAreRefused() {
    for kind in [0] + Array(UInt8(4)...255) {
      #expect(throws: WireError.self) { try header(of: [kind] + [UInt8](repeating: 0, count: 15)) }
    }
  }

  /// A frame with a count and lengths that need not be true.
  private func lying(count: UInt32, _ lengths: [UInt32], tail: Int = 0) -> [UInt8] {
    var frame = DataFrameBuilder.control(DataFrameHeader(kind: .items, channel: 0, count: count))
    for length in lengths { withUnsafeBytes(of: length.littleEndian) { frame += $0 } }
    return frame + [UInt8](repeating: 0, count: tail)
  }

  @Test(
    arguments: [
      (0, [], 1), (1, [], 0), (1, [], 3), (1, [1], 0), (1, [0], 1), (1, [2], 1), (1, [.max], 9),
      (2, [0], 0), (2, [0], 3), (.max, [0, 0], 0), (1, [0, 0], 0), (.max, [.max, .max], 100),
      (1, [1 << 31], 4),
    ] as [(UInt32, [UInt32], Int)])
  func lyingCountsAndLengthsAreRefused(_ count: UInt32, _ lengths: [UInt32], _ tail: Int) {
    #expect(throws: WireError.self) { try items(of: lying(count: count, lengths, tail: tail)) }
  }

  @Test func aFrameWithoutItemsIsEmpty() throws {
    #expect(try items(of: lying(count: 0, [])) == [])
  }
}
