internal import DequeModule
internal import ProcessTreeWire

/// The stream of items from one sender to one receiver, at the sender.
///
/// Belongs to the loop. Of a leased channel it keeps each item until the receiver has acknowledged
/// it; the items of others are the link's alone once they are in a frame.
final class OutFlow {
  /// An item that the receiver has and has not acknowledged.
  struct Lease {
    let sequence: UInt64
    var item: PendingItem
  }

  let id: UInt32
  let receiver: TicketID
  let link: PeerLink
  private let isLeased: Bool
  @exclusivity(unchecked) private var credit: FlowCredit
  @exclusivity(unchecked) private var frame: FlowFrame
  @exclusivity(unchecked) private var nextSequence: UInt64 = 1
  @exclusivity(unchecked) private(set) var leases: Deque<Lease> = []
  /// An item too large for one frame, and how much of it has left.
  @exclusivity(unchecked) private var large: (sequence: UInt64, item: PendingItem, offset: Int)?
  /// The number on its link of the frame that was sent last.
  @exclusivity(unchecked) private var lastFrame: UInt64 = 0
  /// Asked to give back what it has not begun, and not answered yet.
  @exclusivity(unchecked) var isRecalling = false
  /// Items for a subscriber that waits for credit, and how many it has missed.
  @exclusivity(unchecked) var backlog: Deque<[UInt8]> = []
  @exclusivity(unchecked) var missed: UInt64 = 0
  @exclusivity(unchecked) private var toldMissed: UInt64 = 0
  /// Reads which item the receiver works on; nil when it cannot be known.
  @exclusivity(unchecked) var readCurrentItem: (() -> UInt64?)?

  init(id: UInt32, to receiver: TicketID, over link: PeerLink, _ channel: ChannelSpecification) {
    self.id = id
    self.receiver = receiver
    self.link = link
    isLeased = channel.isLeased
    credit = FlowCredit(prefetch: channel.prefetch)
    frame = FlowFrame(flow: id, isNumbered: channel.isLeased)
  }

  /// The receiver has said where it notes what it works on, or that it does not.
  @exclusivity(unchecked) var isAccepted = false

  /// Whether an item may leave now.
  ///
  /// On a leased channel, at most one item is in flight until the receiver's work page is mapped,
  /// so that the blamed item is unambiguous if the receiver dies.
  var canSend: Bool { credit.canSend && large == nil && (isReady || leases.isEmpty) }

  /// Whether the receiver may have more than one item.
  var isReady: Bool { !isLeased || isAccepted }

  /// Whether everything has been handed to the link.
  var isFlushed: Bool { frame.isEmpty && large == nil && backlog.isEmpty }

  var isFrameEmpty: Bool { frame.isEmpty }

  /// Whether the receiver's node is known to have all that was handed to the link.
  var isConfirmed: Bool { link.isConfirmed(lastFrame) }

  /// Items under way or at the receiver.
  var outstanding: Int { leases.count }

  // MARK: Sending

  /// Sends an item; only when `canSend`.
  func send(_ item: PendingItem) {
    if isLeased { leases.append(Lease(sequence: nextSequence, item: item)) }
    if item.bytes.count >= LargeItem.threshold, let slot = link.memory?.store(item.bytes) {
      return sendReference(to: slot, of: item)
    }
    guard item.bytes.count <= WireLimits.pieceSize else {
      if !frame.isEmpty { transmit(frame.take()) }
      credit.spend(item.bytes.count)
      large = (nextSequence, item, 0)
      nextSequence += 1
      return sendPieces()
    }
    item.bytes.withUnsafeBytes { append($0, attempt: item.attempt, number: item.number) }
  }

  /// Sends what stands for an item whose bytes the receiver finds in memory.
  private func sendReference(to slot: SharedSlotName, of item: PendingItem) {
    if !frame.accepts(attempt: item.attempt, isShared: true) { transmit(frame.take()) }
    credit.spend(item.bytes.count)
    slot.reference(count: item.bytes.count).withUnsafeBytes {
      frame.append(
        $0, sequence: nextSequence, attempt: item.attempt, number: item.number, isShared: true)
    }
    nextSequence += 1
  }

  /// Sends the bytes of an item that need not be kept; only when `canSend`.
  func append(_ bytes: UnsafeRawBufferPointer, attempt: UInt8 = 1, number: UInt64 = 0) {
    if !frame.accepts(attempt: attempt, isShared: false) { transmit(frame.take()) }
    credit.spend(bytes.count)
    frame.append(
      bytes, sequence: nextSequence, attempt: attempt, number: number, isShared: false)
    nextSequence += 1
    if frame.size >= FlowFrame.target { transmit(frame.take()) }
  }

  /// Sends what waits in the frame, and pieces of a large item as far as the link has room.
  func flush() {
    sendPieces()
    if !frame.isEmpty { transmit(frame.take()) }
  }

  private func transmit(_ frame: consuming [UInt8]) {
    link.send(frame)
    lastFrame = link.lastSent
  }

  /// Bytes that a large item may have on the link unconfirmed: others' items go between.
  private static let unconfirmed = 2 << 20

  private func sendPieces() {
    while let (sequence, item, offset) = large, link.unconfirmedBytes < Self.unconfirmed {
      let end = min(offset + WireLimits.pieceSize, item.bytes.count)
      let isLast = end == item.bytes.count
      transmit(
        FlowFrame.piece(
          item.bytes[offset..<end], of: item, flow: id, sequence: sequence, isNumbered: isLeased,
          isFirst: offset == 0, isLast: isLast))
      large = isLast ? nil : (sequence, item, end)
    }
  }

  /// Tells a subscriber how many items it has missed so far, unless it knows.
  ///
  /// To be called before the next item and at the end, not with each item that is missed: nothing
  /// bounds what is told to a subscriber that is stopped.
  func tellMissed() {
    guard missed != toldMissed else { return }
    toldMissed = missed
    link.send(.missed(flow: id, count: missed))
  }

  // MARK: What comes back

  func grant(bytes: UInt64, items: UInt32) { credit.grant(bytes: bytes, items: items) }

  /// The items that are acknowledged with this, for the first time.
  func acknowledge(below: UInt64, above: [UInt64]) -> [PendingItem] {
    var done: [PendingItem] = []
    while let first = leases.first, first.sequence < below {
      done.append(first.item)
      leases.removeFirst()
    }
    for sequence in above {
      if let lease = takeLease(sequence) { done.append(lease) }
    }
    return done
  }

  /// Takes the lease of one item; nil when it is not held any more.
  func takeLease(_ sequence: UInt64) -> PendingItem? {
    guard let index = index(of: sequence) else { return nil }
    return leases.remove(at: index).item
  }

  /// Takes back the items from one sequence through another.
  func takeBack(from first: UInt64, through last: UInt64) -> [PendingItem] {
    var back: [PendingItem] = []
    // From the end: items that were sent later than the answer may stand behind these, and stay.
    for index in leases.indices.reversed() {
      let sequence = leases[index].sequence
      if sequence < first { break }
      if sequence <= last { back.append(leases.remove(at: index).item) }
    }
    return back.reversed()
  }

  /// The item that a receiver which died is likely to have died of: what it said that it was
  /// working on; where that cannot be known, the oldest that it had, which may be the only one.
  var suspect: UInt64? {
    guard let readCurrentItem else { return leases.first?.sequence }
    return readCurrentItem()
  }

  /// Takes back all items, because the receiver has gone.
  func takeAllBack() -> [Lease] {
    defer { leases = [] }
    return Array(leases)
  }

  /// The sequence of the call's item that this receiver has.
  func sequence(ofCall call: UInt64) -> UInt64? {
    leases.first { $0.item.call == call }?.sequence
  }

  private func index(of sequence: UInt64) -> Int? {
    // Sequences grow along the queue, with gaps.
    var low = 0
    var high = leases.count
    while low < high {
      let middle = (low + high) / 2
      if leases[middle].sequence < sequence { low = middle + 1 } else { high = middle }
    }
    return low < leases.count && leases[low].sequence == sequence ? low : nil
  }
}
