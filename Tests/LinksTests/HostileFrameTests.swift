import ProcessTreeLinks
import ProcessTreeWire
import Testing

/// A peer that breaks the protocol of a data link.
@Suite struct HostileFrameTests {
  private static let windowBytes = ItemChannel.initialCredit

  /// A frame of items with flags.
  private static func items(
    _ items: [[UInt8]], _ flags: DataFrameHeader.Flags = [], channel: UInt16 = 1,
    count: UInt32? = nil, tail: [UInt8] = []
  ) -> [UInt8] {
    let header = DataFrameHeader(
      kind: .items, flags: flags, channel: channel, count: count ?? UInt32(items.count))
    var frame = DataFrameBuilder.control(header)
    for item in items {
      withUnsafeBytes(of: UInt32(item.count).littleEndian) { frame += $0 }
      frame += item
    }
    return frame + tail
  }

  private static let finish = DataFrameBuilder.control(DataFrameHeader(kind: .finish, channel: 1))

  /// Frames of which the last is too much.
  private static let attacks: [(String, [[UInt8]])] = [
    ("an empty frame", [[]]),
    ("half a header", [[1, 0, 0]]),
    ("an unknown kind", [[9] + [UInt8](repeating: 0, count: 15)]),
    ("a channel beyond the last", [items([[1]], channel: 1_024)]),
    (
      "the end of a channel beyond the last", [[3, 0, 255, 255] + [UInt8](repeating: 0, count: 12)]
    ),
    ("a piece without its beginning", [items([[1]], .continuesPrevious)]),
    ("an item within another", [items([[1]], .continuesInNext), items([[2]])]),
    (
      "an item after its end",
      [
        items([[1]], .continuesInNext), items([[2]], .continuesPrevious),
        items([[3]], .continuesPrevious),
      ]
    ),
    ("a length beyond the frame", [items([], count: 1, tail: [255, 255, 255, 255, 1])]),
    ("a count beyond the items", [items([[1]], count: 2)]),
    ("a count of four billion", [items([[1]], count: .max)]),
    ("items beyond the count", [items([[1], [2]], count: 1)]),
    ("bytes after the items", [items([[1]], tail: [0])]),
    ("items after the end", [finish, items([[1]])]),
    (
      "more than the first credit",
      [
        items([[UInt8](repeating: 1, count: windowBytes)]), items([[]]),
      ]
    ),
    (
      "more items than the first credit",
      [
        items([[UInt8]](repeating: [], count: windowBytes / SendWindow.itemCost)), items([[]]),
      ]
    ),
    (
      "more items than the first credit in one frame",
      [
        items([[UInt8]](repeating: [], count: windowBytes / SendWindow.itemCost + 1))
      ]
    ),
    (
      "a piece larger than pieces are",
      [
        items([[UInt8](repeating: 1, count: WireLimits.pieceSize + 1)])
      ]
    ),
    ("the end within an item", [items([[1]], .continuesInNext), finish]),
  ]

  @Test(arguments: attacks)
  func isAnError(_ name: String, _ frames: [[UInt8]]) async throws {
    try await withLoop { loop in
      // Nothing is flushed: the peer sends before it can have been granted more.
      let link = DataLink(on: loop) { _ in }
      link.connected()
      for frame in frames.dropLast() {
        try link.take(frame)
      }
      #expect(throws: WireError.self, "\(name)") {
        try link.take(frames[frames.count - 1])
      }
    }
  }

  @Test func creditOfAnySizeIsHarmless() async throws {
    try await withLoop { loop in
      let frames = Box(0)
      let link = DataLink(on: loop) { _ in frames.value += 1 }
      link.connected()
      for total in [0, 1, .max, 5, .max] as [UInt64] {
        let header = DataFrameHeader(kind: .credit, channel: 1, total: total)
        try link.take(DataFrameBuilder.control(header))
      }
      for _ in 0..<100 { try await link.channel(1).send([UInt8](repeating: 1, count: 100_000)) }
      link.flush()
      #expect(link.isDrained && frames.value > 0)
    }
  }

  @Test func framesAfterTheCloseAreHarmless() async throws {
    try await withLoop { loop in
      let link = DataLink(on: loop) { _ in }
      link.connected()
      link.close(.peerGone)
      for frame in [Self.items([[1]]), Self.finish] {
        try link.take(frame)
      }
      link.flush()
      #expect(!link.needsFlush && link.isDrained)
    }
  }
}
