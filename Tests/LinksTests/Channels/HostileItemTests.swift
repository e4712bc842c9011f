import ProcessTreeWire
import Testing

@testable import ProcessTreeLinks

/// A sender that breaks the rules of its flow.
@Suite struct HostileItemTests {
  private static let firstCredit = FlowCredit.initial

  /// A frame of items with flags.
  private static func items(
    _ items: [[UInt8]], _ flags: FlowHeader.Flags = [], from sequence: UInt64 = 1,
    count: UInt32? = nil, tail: [UInt8] = []
  ) -> [UInt8] {
    var frame = FlowHeader(
      kind: .items, flags: flags, flow: 1, count: count ?? UInt32(items.count), total: sequence
    ).frame()
    for item in items {
      withUnsafeBytes(of: UInt32(item.count).littleEndian) { frame += $0 }
      frame += item
    }
    return frame + tail
  }

  private static func lengths(_ lengths: [UInt32], count: UInt32, tail: Int = 0) -> [UInt8] {
    let bytes = lengths.flatMap { withUnsafeBytes(of: $0.littleEndian, Array.init) }
    return items([], count: count, tail: bytes + [UInt8](repeating: 0, count: tail))
  }

  /// Frames of which the last is too much.
  private static let attacks: [(String, [[UInt8]])] = [
    ("a piece without its beginning", [items([[1]], .continuesPrevious)]),
    ("an item within another", [items([[1]], .continuesInNext), items([[2]])]),
    (
      "an item after its end",
      [
        items([[1]], .continuesInNext), items([[2]], .continuesPrevious),
        items([[3]], .continuesPrevious, from: 2),
      ]
    ),
    ("a gap", [items([[1]]), items([[2]], from: 3)]),
    ("the same again", [items([[1]]), items([[1]])]),
    ("a length beyond the frame", [items([], count: 1, tail: [255, 255, 255, 255, 1])]),
    ("a length that is cut", [lengths([], count: 1, tail: 3)]),
    ("lengths of four billion", [lengths([.max, .max], count: .max, tail: 100)]),
    ("a count beyond the items", [items([[1]], count: 2)]),
    ("a count of four billion", [items([[1]], count: .max)]),
    ("items beyond the count", [items([[1], [2]], count: 1)]),
    ("bytes after the items", [items([[1]], tail: [0])]),
    (
      "more than the first credit",
      [items([[UInt8](repeating: 1, count: firstCredit)]), items([[]], from: 2)]
    ),
    (
      "more items than the first credit",
      [
        items([[UInt8]](repeating: [], count: firstCredit / FlowCredit.itemCost)),
        items([[]], from: UInt64(firstCredit / FlowCredit.itemCost) + 1),
      ]
    ),
    (
      "more items than the first credit in one frame",
      [items([[UInt8]](repeating: [], count: firstCredit / FlowCredit.itemCost + 1))]
    ),
    (
      "the first piece of an item without credit",
      [
        items([[UInt8](repeating: 1, count: firstCredit)]),
        items([[1]], .continuesInNext, from: 2),
      ]
    ),
    (
      "a piece larger than pieces are",
      [items([[UInt8](repeating: 1, count: WireLimits.pieceSize + 1)], .continuesInNext)]
    ),
  ]

  private func take(_ frame: [UInt8], _ core: ReceiverCore, _ link: PeerLink) throws {
    try frame.withUnsafeBytes {
      try core.receive(flow: 1, over: link, header: try FlowHeader($0), $0)
    }
  }

  @Test(arguments: attacks)
  func isAnError(_ name: String, _ frames: [[UInt8]]) async throws {
    try await withLoop { loop in
      // Nothing is flushed: the peer sends before it can have been granted more.
      let core = ReceiverCore(.of(.of(.pipe), .receiver, 1), on: loop)
      let link = PeerLink(to: node(1))
      core.open(flow: 1, from: ticket(1), over: link)
      for frame in frames.dropLast() { try take(frame, core, link) }
      #expect(throws: WireError.self, "\(name)") { try take(frames[frames.count - 1], core, link) }
    }
  }

  @Test func moreItemsThanAreGrantedAreAnError() async throws {
    try await withLoop { loop in
      let core = ReceiverCore(.of(.of(.work, prefetch: 3), .receiver, 1), on: loop)
      let link = PeerLink(to: node(1))
      core.open(flow: 1, from: ticket(1), over: link)
      func frame(_ sequence: UInt64) -> [UInt8] {
        FlowHeader(kind: .items, flags: .numbered, flow: 1, count: 1, total: sequence).frame(
          body: [UInt8](repeating: 0, count: 12))
      }
      for sequence in 1...3 as ClosedRange<UInt64> { try take(frame(sequence), core, link) }
      #expect(throws: WireError.self) { try take(frame(4), core, link) }
    }
  }

  @Test func creditOfAnySizeIsHarmless() async throws {
    try await withLoop { loop in
      let pair = EdgePair(on: loop)
      let sender = pair.left.streams.sender(.messages)
      for total in [0, 1, .max, 5, .max] as [UInt64] {
        let header = FlowHeader(kind: .back, flow: 2, items: 7, total: total)
        header.frame().withUnsafeBytes {
          sender.receiveBack(flow: 2, over: pair.left.link, header: header, $0)
        }
      }
      for _ in 0..<100 { try await sender.send([UInt8](repeating: 1, count: 100_000)) }
      pair.left.flush()
      #expect(pair.left.streams.isDrained && pair.left.link.lastSent >= 100)
    }
  }

  @Test func itemsAfterTheEndAreHarmless() async throws {
    try await withLoop { loop in
      let pair = EdgePair(on: loop)
      pair.right.streams.close(.peerGone)
      try pair.left.post([1])
      pair.settle()
      #expect(pair.right.take() == nil && pair.errors == [])
    }
  }
}
