internal import ProcessTreeWire

/// The stream of items from one sender to one receiver, at the sender: credit, frames, and the
/// pieces of large items.
///
/// Belongs to the loop. The sender's policy decides what it keeps for the receiver.
final class OutFlow {
  let id: UInt32
  let link: PeerLink
  private let isNumbered: Bool
  private let timers: TimerQueue
  // Unchecked is what each item touches: a check costs 84 instructions, about 10 ns.
  @exclusivity(unchecked) private var credit: FlowCredit
  @exclusivity(unchecked) private var frame: FlowFrame
  @exclusivity(unchecked) private var nextSequence: UInt64 = 1
  /// An item too large for one frame, and the number of its bytes that have left.
  @exclusivity(unchecked) private var large: (sequence: UInt64, item: PendingItem, offset: Int)?
  /// The number on its link of the frame that was sent last.
  @exclusivity(unchecked) private var lastFrame: UInt64 = 0
  private let changed: ChangedFlows<OutFlow>
  @exclusivity(unchecked) private var isNoted = false
  /// The place among the sender's flows; nil once the receiver has gone.
  @exclusivity(unchecked) var place: Int?
  /// Reads on which item the receiver works; nil if the receiver notes it nowhere.
  @exclusivity(unchecked) var readWork: (() -> WorkNote?)?

  init(
    id: UInt32, over link: PeerLink, _ channel: ChannelSpecification, at place: Int,
    in changed: ChangedFlows<OutFlow>, on timers: TimerQueue
  ) {
    self.timers = timers
    self.id = id
    self.link = link
    self.place = place
    self.changed = changed
    isNumbered = channel.isLeased
    credit = FlowCredit(prefetch: channel.prefetch)
    frame = FlowFrame(flow: id, isNumbered: channel.isLeased)
  }

  /// Whether an item may leave now.
  var canSend: Bool { credit.canSend && large == nil }

  /// Whether everything has been handed to the link.
  var isFlushed: Bool { frame.isEmpty && large == nil }

  var isFrameEmpty: Bool { frame.isEmpty }

  /// Whether the receiver's node is known to have everything that was handed to the link.
  var isConfirmed: Bool { link.isConfirmed(lastFrame) }

  /// Has the sender flush this flow at the end of the turn.
  func noteChange() {
    guard !isNoted, place != nil else { return }
    isNoted = true
    changed.note(self)
  }

  /// Grants the receiver's totals.
  func grant(bytes: UInt64, items: UInt32) { credit.grant(bytes: bytes, items: items) }

  /// Sends an item; only when `canSend`.
  func send(_ item: PendingItem) {
    credit.spend(item.bytes.count)
    if item.bytes.count >= LargeItem.threshold, let slot = link.memory?.store(item.bytes) {
      // The receiver finds the bytes in memory.
      return put(
        slot.reference(count: item.bytes.count)[...], of: item, FlowHeader.Flags.shared.rawValue)
    }
    guard item.bytes.count <= WireLimits.pieceSize else {
      if !frame.isEmpty { transmit(frame.take()) }
      large = (nextSequence, item, 0)
      nextSequence += 1
      noteChange()
      return sendPieces()
    }
    put(item.bytes[...], of: item)
  }

  private func put(
    _ bytes: ArraySlice<UInt8>, of item: PendingItem, _ flags: UInt8 = 0
  ) {
    withBody(bytes, of: item, flags) { put($0, $1) }
  }

  /// Calls `body` with an item's bytes, behind its suspects if it has any, and its traits.
  private func withBody(
    _ bytes: ArraySlice<UInt8>, of item: PendingItem, _ flags: UInt8, isFirst: Bool = true,
    _ body: (UnsafeRawBufferPointer, FlowFrame.Traits) -> Void
  ) {
    let suspects = item.deaths.isEmpty || !isFirst ? [] : item.suspects
    var traits = FlowFrame.Traits(
      number: item.number, attempt: item.attempt, hasSuspects: !suspects.isEmpty, flags)
    if let due = item.due { traits.limit(to: timers.now.duration(to: due.instant)) }
    guard suspects.isEmpty else {
      return (Suspects.encode(suspects) + bytes).withUnsafeBytes { body($0, traits) }
    }
    bytes.withUnsafeBytes { body($0, traits) }
  }

  /// Sends the bytes of an item that need not be kept; only when `canSend`.
  @inline(__always)
  func append(_ bytes: UnsafeRawBufferPointer, behind head: ItemHead) {
    credit.spend(head.count + bytes.count)
    guard frame.appendPlain(bytes, behind: head) else {
      return put(bytes, behind: head, FlowFrame.Traits())
    }
    nextSequence += 1
    if frame.size >= FlowFrame.target { return transmit(frame.take()) }
    if !isNoted { noteChange() }
  }

  /// Sends a large item whose bytes go into memory where the receiver finds them; only when
  /// `canSend`.
  ///
  /// - Returns: False if there is no such memory.
  func store(_ bytes: UnsafeRawBufferPointer, behind head: ItemHead) -> Bool {
    guard let slot = link.memory?.store(bytes, behind: head) else { return false }
    let count = head.count + bytes.count
    credit.spend(count)
    slot.reference(count: count).withUnsafeBytes {
      put($0, FlowFrame.Traits(flags: FlowHeader.Flags.shared.rawValue))
    }
    return true
  }

  /// Sends elements of bytes, as many as go into the frame that others have begun, and have credit.
  ///
  /// - Returns: How many; none if the next one is to be sent by itself.
  func append(binaries elements: UnsafeBufferPointer<[UInt8]>) -> Int {
    guard large == nil else { return 0 }
    let (count, bytes) = frame.appendPlain(binaries: elements, within: credit.left)
    guard count > 0 else { return 0 }
    credit.spend(items: count, bytes: bytes)
    nextSequence += UInt64(count)
    if frame.size >= FlowFrame.target { transmit(frame.take()) } else if !isNoted { noteChange() }
    return count
  }

  private func put(
    _ bytes: UnsafeRawBufferPointer, behind head: ItemHead = .none, _ traits: FlowFrame.Traits
  ) {
    if !frame.accepts(traits) { transmit(frame.take()) }
    frame.append(bytes, behind: head, sequence: nextSequence, traits)
    nextSequence += 1
    if frame.size >= FlowFrame.target { return transmit(frame.take()) }
    if !isNoted { noteChange() }
  }

  /// Sends the frame that is being filled, and pieces of a large item as far as the link has room.
  func flush() {
    isNoted = false
    sendPieces()
    if !frame.isEmpty { transmit(frame.take()) }
    // The rest goes when the link has room.
    if large != nil { noteChange() }
  }

  private func transmit(_ frame: consuming [UInt8]) {
    link.send(frame)
    lastFrame = link.lastSent
  }

  /// The unconfirmed bytes of a link beyond which a large item waits: other items go in between.
  private static let unconfirmed = 2 << 20

  private func sendPieces() {
    while let (sequence, item, offset) = large, link.unconfirmedBytes < Self.unconfirmed {
      let end = min(offset + WireLimits.pieceSize, item.bytes.count)
      let isLast = end == item.bytes.count
      var flags: FlowHeader.Flags = offset > 0 ? .continuesPrevious : []
      if !isLast { flags.insert(.continuesInNext) }
      var frame = FlowFrame(flow: id, isNumbered: isNumbered)
      withBody(item.bytes[offset..<end], of: item, flags.rawValue, isFirst: offset == 0) {
        frame.append($0, sequence: sequence, $1)
      }
      transmit(frame.take())
      large = isLast ? nil : (sequence, item, end)
    }
  }
}
