internal import DequeModule
internal import Wire

/// The receiving half of a channel: pieces become items, items wait here to be taken.
struct InboundQueue {
  private var window: ReceiveWindow
  /// Whole items, with what each still counts against the window when it is taken.
  private var items: Deque<(bytes: [UInt8], cost: Int?)> = []
  /// The pieces of an item that is not whole yet.
  private var partial: [UInt8]?
  /// The peer sends nothing more.
  private(set) var isFinished = false

  init(initialCredit: Int, window: Int) {
    self.window = ReceiveWindow(initialCredit: initialCredit, window: window)
  }

  var isEmpty: Bool { items.isEmpty }

  /// Takes a frame of items apart. Throws when the peer breaks the protocol.
  mutating func receive(
    _ frame: UnsafeRawBufferPointer, header: DataFrameHeader
  ) throws(WireError) {
    guard !isFinished else { throw WireError("items after the end of a channel") }
    guard header.flags.contains(.continuesPrevious) == (partial != nil) else {
      throw WireError("a piece without its beginning, or an item within another")
    }
    var walk = DataFrameItems(frame, header: header)
    var index: UInt32 = 0
    while let piece = try walk.next() {
      guard window.receive(piece.count) else { throw WireError("more was sent than allowed") }
      index += 1
      let isLast = !(index == header.count && header.flags.contains(.continuesInNext))
      try add(piece, isLast: isLast)
    }
  }

  private mutating func add(_ piece: UnsafeRawBufferPointer, isLast: Bool) throws(WireError) {
    guard partial != nil || !isLast else {
      return items.append((Array(piece), cost: piece.count))
    }
    guard (partial?.count ?? 0) + piece.count <= WireLimits.itemSize else {
      throw WireError("an item has more than \(WireLimits.itemSize) bytes")
    }
    // A piece counts as consumed once it is in its item: the item's own limit bounds the memory.
    window.consume(piece.count)
    partial = partial ?? []
    partial?.append(contentsOf: piece)
    guard isLast, let item = partial else { return }
    items.append((item, cost: nil))
    partial = nil
  }

  mutating func finish() { isFinished = true }

  /// The next item, if one is there.
  mutating func pop() -> [UInt8]? {
    guard let item = items.popFirst() else { return nil }
    if let cost = item.cost { window.consume(cost) }
    return item.bytes
  }

  /// The credit to grant now, as a new total; nil when little is owed.
  mutating func grantDue() -> UInt64? { window.grantDue() }
}
