package import ProcessTreeWire

/// The stream of items from one sender to one receiver, at the receiver.
///
/// Belongs to the loop.
final class InFlow {
  let id: UInt32
  let sender: TicketID
  let link: PeerLink
  let isLeased: Bool
  /// Distinguishes this flow from those of other senders; both ends know its parts.
  let senderKey: UInt64
  // Unchecked is what each item touches: a check costs 84 instructions, about 10 ns.
  @exclusivity(unchecked) private(set) var allowance: FlowAllowance
  /// The pieces of an item whose last piece has not arrived.
  @exclusivity(unchecked) private var partial: PartialItem?
  /// Every item below has been acknowledged or returned.
  @exclusivity(unchecked) private var acknowledgedBelow: UInt64 = 1
  @exclusivity(unchecked) private var acknowledgedAbove: Set<UInt64> = []
  /// Those of them that the sender does not know of.
  @exclusivity(unchecked) private var untold: [UInt64] = []
  @exclusivity(unchecked) private var hasNews = false
  private let changed: ChangedFlows<InFlow>
  @exclusivity(unchecked) var isNoted = false
  /// It is among the flows that owe credit.
  @exclusivity(unchecked) var isOwing = false
  /// The sequence of the item that arrived last.
  @exclusivity(unchecked) private(set) var lastReceived: UInt64 = 0
  /// The item that arrived last is in the sender's memory.
  @exclusivity(unchecked) private var isShared = false
  /// The sender has closed the flow, or is gone.
  @exclusivity(unchecked) var isClosed = false
  var missed: UInt64 = 0
  /// Items that the consumer has not received, and whose reply nobody waits for.
  private var cancelled: Set<UInt64> = []
  /// The sequence of the item that the consumer received last.
  @exclusivity(unchecked) private var lastTaken: UInt64 = 0

  init(
    id: UInt32, from sender: TicketID, over link: PeerLink, _ channel: ChannelSpecification,
    in changed: ChangedFlows<InFlow>
  ) {
    self.id = id
    self.changed = changed
    self.sender = sender
    self.link = link
    isLeased = channel.isLeased
    senderKey = FlowKey.make(sender: sender, flow: id)
    allowance = FlowAllowance(prefetch: channel.prefetch)
  }

  /// Receives a frame; returns its items, or one item whose last piece this is, or nil.
  func receive(
    _ frame: UnsafeRawBufferPointer, header: FlowHeader
  ) throws(WireError) -> FlowItems? {
    let continues = header.flags.contains(.continuesPrevious)
    // A further piece is copied once, to where its item is.
    var items = FlowItems(continues ? .borrowing(frame) : .copying(frame), header: header)
    guard isLeased || !header.flags.contains(.suspects), let size = items.measure() else {
      throw WireError("a frame of items is not well formed")
    }
    guard header.count == 0 || header.total == lastReceived + 1 else {
      throw WireError("an item that is not the next of its flow")
    }
    if header.count > 0 { isShared = header.flags.contains(.shared) }
    guard continues || header.flags.contains(.continuesInNext) else {
      guard header.count > 0 else { return nil }
      guard partial == nil else { throw WireError("an item within another") }
      guard allowance.receive(bytes: size.bytes, last: size.last, count: header.count) else {
        throw Self.tooMuch
      }
      lastReceived += UInt64(header.count)
      return items
    }
    guard header.count == 1, let piece = items.popFirst(), continues == (partial != nil) else {
      throw WireError("a piece without its beginning, or an item within another")
    }
    // The pieces of an item come with the credit that its first had.
    guard continues || allowance.isOpen else { throw Self.tooMuch }
    guard var item = partial else {
      partial = PartialItem(items, first: piece, header: header)
      return nil
    }
    partial = nil
    guard item.count + piece.range.count <= WireLimits.itemSize else {
      throw WireError("an item has more than \(WireLimits.itemSize) bytes")
    }
    item.append(items.frame[piece.range])
    guard !header.flags.contains(.continuesInNext) else {
      partial = item
      return nil
    }
    _ = allowance.receive(bytes: item.count, last: item.count, count: 1)
    lastReceived = item.sequence
    return item.finish()
  }

  private static let tooMuch = WireError("more was sent than allowed")

  /// Has the receiver look at this flow at the end of the turn.
  func noteChange() {
    guard !isNoted else { return }
    isNoted = true
    changed.note(self)
  }

  /// The consumer has received an item, or several that have so many bytes together.
  func take(_ bytes: Int, items: Int = 1) {
    guard items > 0 else { return }
    allowance.take(bytes, items: items)
    begun += items
    noteChange()
  }

  /// Notes that nobody waits for the reply to an item that the consumer has not received; false for
  /// any other item.
  func cancelWaiting(_ sequence: UInt64) -> Bool {
    guard sequence > lastTaken, sequence <= lastReceived else { return false }
    cancelled.insert(sequence)
    return true
  }

  /// The consumer has received an item; whether nobody waits for the reply to it.
  func takeCancellation(of sequence: UInt64) -> Bool {
    lastTaken = sequence
    return !cancelled.isEmpty && cancelled.remove(sequence) != nil
  }

  /// An item goes back to its sender, which knows that nobody waits for it.
  func forgetCancellation(of sequence: UInt64) { cancelled.remove(sequence) }

  /// The number of items of a leased channel that the consumer has started and not acknowledged.
  @exclusivity(unchecked) private(set) var begun = 0

  /// The consumer acknowledges an item.
  ///
  /// - Parameter isTold: The sender learns it by a frame of its own, the reply to the item.
  func acknowledge(_ sequence: UInt64, isTold: Bool = false) {
    guard isLeased, sequence >= acknowledgedBelow else { return }
    if !isTold {
      hasNews = true
      noteChange()
    }
    guard sequence == acknowledgedBelow else {
      guard acknowledgedAbove.insert(sequence).inserted else { return }
      begun -= 1
      if !isTold { untold.append(sequence) }
      return
    }
    begun -= 1
    acknowledgedBelow += 1
    while acknowledgedAbove.remove(acknowledgedBelow) != nil { acknowledgedBelow += 1 }
  }

  /// Whether credit is owed that was not worth a frame.
  var owes: Bool { allowance.owes }

  /// The frame that goes back to the sender now, if it is worth one.
  func back(window: Int, isIdle: Bool) -> [UInt8]? {
    let window = isShared ? FlowCredit.sharedWindows * window : window
    // Acknowledgements go at the end of each turn, so that nobody processes an item a second time.
    let due = allowance.due(window: window, isIdle: isIdle)
    guard due != nil || hasNews else { return nil }
    let totals = due ?? allowance.current(window: window)
    var header = FlowHeader(kind: .back, flow: id)
    header.items = totals.items
    header.total = totals.bytes
    let told = untold.prefix(Self.mostAbove)
    untold.removeFirst(told.count)
    hasNews = !untold.isEmpty
    guard isLeased else { return header.frame() }
    var body: [UInt8] = []
    for number in [acknowledgedBelow] + told {
      withUnsafeBytes(of: number.littleEndian) { body.append(contentsOf: $0) }
    }
    return header.frame(body: body)
  }

  /// The number of acknowledgements out of order that one frame carries.
  private static let mostAbove = 8_192
}

/// Identifies a flow among all those to one process.
///
/// Pids would not, because senders on two hosts may have the same; the number of a sender's ticket
/// is one that nobody can guess.
package enum FlowKey {
  package static func make(sender: TicketID, flow: UInt32) -> UInt64 {
    var key = sender.number
    for position in sender.node.positions + [flow] {
      key = (key ^ UInt64(position)) &* 0x0000_0100_0000_01B3
    }
    return key
  }
}

/// The acknowledgements in a frame of the kind `back`.
struct FlowAcknowledgement {
  let below: UInt64
  let above: [UInt64]

  init(_ frame: UnsafeRawBufferPointer) {
    let numbers = stride(from: FlowHeader.size, to: frame.count - 7, by: 8).map {
      UInt64(littleEndian: frame.loadUnaligned(fromByteOffset: $0, as: UInt64.self))
    }
    below = numbers.first ?? 0
    above = Array(numbers.dropFirst())
  }
}
