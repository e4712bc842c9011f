internal import DequeModule
internal import ProcessTreeWire

/// The receiving half of a channel: pieces become items, items wait here to be taken.
struct InboundQueue {
  private var window: ReceiveWindow
  /// Whole items, each with what it counts against the window until it is taken.
  private var items: Deque<(bytes: [UInt8], cost: UInt64)> = []
  /// The pieces of an item that is not whole yet, and what they cost.
  private var partial: (bytes: [UInt8], cost: UInt64)?
  /// The peer sends nothing more.
  private(set) var isFinished = false

  init(initialCredit: Int, window: Int) {
    self.window = ReceiveWindow(initialCredit: initialCredit, window: window)
  }

  var isEmpty: Bool { items.isEmpty }

  /// Takes a frame of items apart.
  ///
  /// Throws when the peer breaks the protocol.
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
      guard piece.count <= WireLimits.pieceSize else {
        throw WireError("a piece has at most \(WireLimits.pieceSize) bytes")
      }
      guard window.receive(piece.count) else { throw WireError("more was sent than allowed") }
      index += 1
      let isLast = !(index == header.count && header.flags.contains(.continuesInNext))
      try add(piece, isLast: isLast)
    }
  }

  private mutating func add(_ piece: UnsafeRawBufferPointer, isLast: Bool) throws(WireError) {
    let cost = UInt64(piece.count + SendWindow.itemCost)
    guard partial != nil || !isLast else { return items.append((Array(piece), cost)) }
    var item = partial ?? ([], 0)
    partial = nil
    guard item.bytes.count + piece.count <= WireLimits.itemSize else {
      throw WireError("an item has more than \(WireLimits.itemSize) bytes")
    }
    item.bytes.append(contentsOf: piece)
    item.cost += cost
    // Pieces count as taken while their item grows, else one larger than the window could never
    // come. Once it is whole and waits, it counts again.
    window.consume(piece.count)
    guard isLast else {
      partial = item
      return
    }
    window.restore(item.cost)
    items.append(item)
  }

  /// Takes the peer's word that nothing more comes.
  mutating func finish() throws(WireError) {
    guard partial == nil else { throw WireError("the end within an item") }
    isFinished = true
  }

  /// The next item, if one is there.
  mutating func pop() -> [UInt8]? {
    guard let item = items.popFirst() else { return nil }
    window.consume(cost: item.cost)
    return item.bytes
  }

  /// The credit to grant now, as a new total; nil when little is owed.
  mutating func grantDue() -> UInt64? { window.grantDue() }
}
