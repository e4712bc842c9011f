internal import DequeModule
internal import ProcessTreeWire

/// The frames of a receiver's items that the program has not received, in the order of arrival.
struct Inbox {
  /// A frame behind a reference: taking an item out of it then copies and moves nothing.
  private final class Frame {
    let flow: InFlow
    @exclusivity(unchecked) var items: FlowItems

    init(_ items: FlowItems, of flow: InFlow) {
      self.flow = flow
      self.items = items
    }
  }

  private var frames: Deque<Frame> = []

  var hasItems: Bool { !frames.allSatisfy { $0.items.isEmpty } }

  /// Whether the next item has been delivered before.
  var nextIsRedelivered: Bool {
    frames.first { !$0.items.isEmpty }?.items.flags.contains(.redelivered) ?? false
  }

  func hasItems(of flow: InFlow) -> Bool {
    frames.contains { $0.flow === flow && !$0.items.isEmpty }
  }

  mutating func append(_ items: FlowItems, of flow: InFlow) {
    frames.append(Frame(items, of: flow))
  }

  /// The next item with its flow and frame; nil if the first frame has none.
  func popItem() -> (item: FlowItems.Item, flow: InFlow, frame: FlowItems)? {
    guard let first = frames.first, let item = first.items.popFirst() else { return nil }
    return (item, first.flow, first.items)
  }

  /// Calls `body` with the bytes of the next items of the first frame; its flow counts them as
  /// received.
  ///
  /// An item for which `body` throws is received too, and the last.
  func popBytes(atMost most: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    guard let first = frames.first else { return }
    let frame = first.items.frame
    var (count, bytes) = (0, 0)
    defer { first.flow.take(bytes, items: count) }
    while count < most, let range = first.items.popRange() {
      count += 1
      bytes += range.count
      try body(frame[range])
    }
  }

  /// Makes arrays of the next items of the first frame, as long as each is one binary of
  /// MessagePack; its flow counts them as received.
  ///
  /// - Returns: The number of arrays.
  func popBinaries(
    atMost most: Int, to place: UnsafeMutablePointer<[UInt8]>, former: Int
  ) -> Int {
    guard let first = frames.first else { return 0 }
    let (count, bytes) = first.items.popBinaries(atMost: most, to: place, former: former)
    first.flow.take(bytes, items: count)
    return count
  }

  /// The same, to be read where they are.
  func popBinaries(
    atMost most: Int, to bytes: inout [UInt8], _ places: inout [Range<Int>]
  ) -> Int {
    guard let first = frames.first else { return 0 }
    let (count, size) = first.items.popBinaries(atMost: most, to: &bytes, &places)
    first.flow.take(size, items: count)
    return count
  }

  /// The number of items in the first frame; 0 if they are in shared memory.
  var itemsInFrame: Int {
    guard let first = frames.first, !first.items.flags.contains(.shared) else { return 0 }
    return Int(first.items.left)
  }

  /// Removes the first frame if all its items have been received; returns its flow.
  mutating func dropEmptyFrame() -> InFlow? {
    guard let first = frames.first, first.items.isEmpty else { return nil }
    return frames.removeFirst().flow
  }

  /// Removes the items of a flow behind the first `keeping` ones.
  func recall(_ flow: InFlow, keeping: Int) -> [FlowItems] {
    var kept = 0
    var recalled: [FlowItems] = []
    for frame in frames where frame.flow === flow {
      let rest = frame.items.split(keeping: UInt32(clamping: keeping - kept))
      kept += Int(frame.items.left)
      recalled.append(rest)
    }
    return recalled
  }

  /// Removes everything.
  mutating func removeAll() -> [(flow: InFlow, items: FlowItems)] {
    defer { frames = [] }
    return frames.map { ($0.flow, $0.items) }
  }
}
