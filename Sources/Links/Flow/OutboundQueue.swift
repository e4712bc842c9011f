internal import DequeModule
internal import ProcessTreeWire

/// The sending half of a channel: items wait here for credit and leave in frames.
///
/// Items keep their order. One that is larger than a piece leaves in pieces, with nothing of the
/// same channel between them.
struct OutboundQueue {
  private struct Item {
    let bytes: [UInt8]
    var offset = 0
    /// Called once the last byte is in a frame, or with the reason why it never will be.
    let completion: ((LinkError?) -> Void)?
    let id: UInt64
  }

  /// A frame is sent when it has this size; measured: 32 to 128 KiB are equal, 8 KiB half the rate.
  static let frameSize = 32 << 10

  private var window: SendWindow
  private var items: Deque<Item> = []
  private var frame: DataFrameBuilder
  private var nextID: UInt64 = 0

  init(channel: UInt16, initialCredit: Int) {
    window = SendWindow(initialCredit: initialCredit)
    frame = DataFrameBuilder(channel: channel)
  }

  /// Whether an item handed over now would leave in this turn.
  var canSendNow: Bool { items.isEmpty && window.canSend && !isFrameFull }

  var isFrameFull: Bool { frame.size >= Self.frameSize }

  var isDrained: Bool { items.isEmpty && frame.isEmpty }

  mutating func grant(total: UInt64) { window.grant(total: total) }

  /// Puts a small item straight into the frame.
  ///
  /// Only when `canSendNow`.
  mutating func appendNow(_ bytes: UnsafeRawBufferPointer) {
    window.spend(bytes.count)
    frame.append(bytes)
  }

  /// Queues an item; returns the id to cancel it by.
  mutating func enqueue(_ bytes: [UInt8], completion: ((LinkError?) -> Void)?) -> UInt64 {
    defer { nextID += 1 }
    items.append(Item(bytes: bytes, completion: completion, id: nextID))
    return nextID
  }

  /// Takes an item back, unless a piece of it has left already.
  mutating func cancel(_ id: UInt64) -> Bool {
    guard let index = items.firstIndex(where: { $0.id == id }), items[index].offset == 0 else {
      return false
    }
    items.remove(at: index)
    return true
  }

  /// The next frame that is full, or the last one when `flush` is set; nil when there is none.
  mutating func nextFrame(flush: Bool) -> [UInt8]? {
    while !isFrameFull, window.canSend, let item = items.first {
      let isWhole = append(pieceOf: item)
      // Nothing may follow an unfinished piece in its frame.
      guard isWhole else { return frame.take() }
    }
    guard !frame.isEmpty, flush || isFrameFull else { return nil }
    return frame.take()
  }

  /// Adds the next piece of the first item; true when that was its last.
  private mutating func append(pieceOf item: Item) -> Bool {
    let end = min(item.offset + WireLimits.pieceSize, item.bytes.count)
    window.spend(end - item.offset)
    let isLast = end == item.bytes.count
    item.bytes.withUnsafeBytes { bytes in
      frame.append(
        UnsafeRawBufferPointer(rebasing: bytes[item.offset..<end]),
        isContinuation: item.offset > 0, isLast: isLast)
    }
    if isLast {
      items.removeFirst()
      item.completion?(nil)
    } else {
      items[0].offset = end
    }
    return isLast
  }

  /// Gives up: every waiting sender is told why.
  mutating func fail(_ error: LinkError) {
    let waiting = items
    items.removeAll()
    for item in waiting { item.completion?(error) }
  }
}
