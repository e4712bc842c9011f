internal import DequeModule
internal import ProcessTreeWire

/// The frames of a receiver's items that the program has not received, in the order of arrival.
struct Inbox {
  private var frames: Deque<(flow: InFlow, items: FlowItems)> = []

  var hasItems: Bool { !frames.allSatisfy { $0.items.isEmpty } }

  /// Whether the next item has been delivered before.
  var nextIsRedelivered: Bool {
    frames.first { !$0.items.isEmpty }?.items.flags.contains(.redelivered) ?? false
  }

  func hasItems(of flow: InFlow) -> Bool {
    frames.contains { $0.flow === flow && !$0.items.isEmpty }
  }

  mutating func append(_ items: FlowItems, of flow: InFlow) { frames.append((flow, items)) }

  /// The next item with its flow and frame; nil if the first frame has none.
  mutating func popItem() -> (item: FlowItems.Item, flow: InFlow, frame: FlowItems)? {
    // In place, so that nothing is copied.
    guard !frames.isEmpty, let item = frames[0].items.popFirst() else { return nil }
    return (item, frames[0].flow, frames[0].items)
  }

  /// The bytes of the next item of the first frame, which its flow counts as received.
  mutating func popBytes() -> UnsafeRawBufferPointer? { Self.popBytes(&frames[0]) }

  /// One access to the deque an item.
  private static func popBytes(
    _ first: inout (flow: InFlow, items: FlowItems)
  ) -> UnsafeRawBufferPointer? {
    guard let range = first.items.popRange() else { return nil }
    first.flow.take(range.count)
    return first.items.frame[range]
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
  mutating func recall(_ flow: InFlow, keeping: Int) -> [FlowItems] {
    var kept = 0
    var recalled: [FlowItems] = []
    for index in frames.indices where frames[index].flow === flow {
      let rest = frames[index].items.split(keeping: UInt32(clamping: keeping - kept))
      kept += Int(frames[index].items.left)
      recalled.append(rest)
    }
    return recalled
  }

  /// Removes everything.
  mutating func removeAll() -> [(flow: InFlow, items: FlowItems)] {
    defer { frames = [] }
    return Array(frames)
  }
}
