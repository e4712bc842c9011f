internal import DequeModule
package import ProcessTreeBase
package import ProcessTreeWire

extension ReceiverCore {
  /// An item on its way through the program.
  ///
  /// Its bytes may be read on any thread; its flow belongs to the loop.
  package struct Delivery: @unchecked Sendable {
    // Sendable: off the loop only the constants of the flow are read.
    let flow: InFlow
    package let frame: FrameBytes
    package let range: Range<Int>
    /// The item, if it is in shared memory and not in the frame.
    package let shared: SharedItem?
    package let sequence: UInt64
    /// 1 for the first delivery, one more for each further one.
    package let attempt: UInt8
    /// The item's number among those of its sender, of leased channels.
    package let number: UInt64
    /// The time by which the reply has to be there, as far as this node can know; nil for any time.
    package var due: SuspendingClock.Instant? { moment?.instant }
    fileprivate let moment: Moment?
    /// Whether nobody waits for the reply any longer.
    package let isCancelled: Bool
    /// The elements of the item at which its consumers died, the first death first.
    package let suspects: [Suspect]
    /// Where the program notes the element of the item on which it works, for the time after a
    /// sudden death.
    package let notes: ElementNotes?

    /// The sender's end.
    package var sender: TicketID { flow.sender }
    /// The flow and the link by which it arrived.
    package var flowID: UInt32 { flow.id }
    package var linkID: ObjectIdentifier { ObjectIdentifier(flow.link) }
  }

  // MARK: Taking

  /// The next item if one is there.
  package func take() -> Delivery? {
    while true {
      guard let (item, flow, items) = inbox.popItem() else {
        guard dropEmptyFrame() else { return nil }
        continue
      }
      let shared = Self.shared(item, of: items, over: flow.link)
      flow.take(shared?.bytes.count ?? item.range.count)
      // A reference to nothing is no item.
      if shared == nil, items.flags.contains(.shared) { continue }
      if let filter, !filter.takes(shared?.bytes ?? items.frame[item.range]) {
        markDirty()
        continue
      }
      let notes = flow.isLeased ? work?.begin(item, of: flow) : nil
      markDirty()
      passOn()
      return Delivery(
        flow: flow, frame: items.frame, range: item.range, shared: shared, sequence: item.sequence,
        attempt: item.attempt, number: item.number,
        moment: item.remaining.map {
          Moment((items.arrival?.instant ?? loop.timers.now).after($0))
        },
        isCancelled: flow.takeCancellation(of: item.sequence), suspects: item.suspects,
        notes: notes)
    }
  }

  /// The number of items of the frame that arrived first; 0 if there are none,
  /// or if they are in shared memory.
  package var itemsInFrame: Int {
    while dropEmptyFrame() {}
    return inbox.itemsInFrame
  }

  private func dropEmptyFrame() -> Bool {
    guard let flow = inbox.dropEmptyFrame() else { return false }
    forgetIfDone(flow)
    return true
  }

  /// Calls `body` with the bytes of the next items; only for as many as `itemsInFrame`.
  ///
  /// For channels without leases, whose senders need not know which items they were. An item for
  /// which `body` throws is received too, and the last.
  package func popBytes(
    atMost most: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows {
    defer {
      markDirty()
      if !waiters.isEmpty { passOn() }
    }
    guard let filter else { return try inbox.popBytes(atMost: most, body) }
    try inbox.popBytes(atMost: most) { if filter.takes($0) { try body($0) } }
  }

  /// Makes arrays of the next items, as long as each is one binary of MessagePack; only for as many
  /// as `itemsInFrame`.
  ///
  /// It is `popBytes` for elements of bytes, in one pass without a call for each of them.
  ///
  /// - Returns: The number of arrays; 0 if topics decide which items are wanted.
  package func popBinaries(
    atMost most: Int, to place: UnsafeMutablePointer<[UInt8]>, former: Int = 0
  ) -> Int {
    popped(filter == nil ? inbox.popBinaries(atMost: most, to: place, former: former) : 0)
  }

  /// Appends the next items to some bytes, and their places there, as long as each is one binary of
  /// MessagePack; no more than `itemsInFrame` of them.
  ///
  /// - Returns: The number of places; 0 if topics decide which items are wanted.
  package func popBinaries(
    atMost most: Int, to bytes: inout [UInt8], _ places: inout [Range<Int>]
  ) -> Int {
    popped(filter == nil ? inbox.popBinaries(atMost: most, to: &bytes, &places) : 0)
  }

  private func popped(_ count: Int) -> Int {
    guard count > 0 else { return 0 }
    markDirty()
    if !waiters.isEmpty { passOn() }
    return count
  }

  /// Whether items have arrived that the program has not received.
  package var hasItems: Bool { inbox.hasItems }

  /// Whether the next item has been delivered before.
  package var nextIsRedelivered: Bool { inbox.nextIsRedelivered }

  /// Releases the items of a frame for which there is no receiver: those in shared memory give
  /// their slots back.
  package static func discard(
    _ frame: UnsafeRawBufferPointer, header: FlowHeader, over link: PeerLink
  ) {
    guard header.flags.contains(.shared) else { return }
    discard(FlowItems(frame, header: header), over: link)
  }

  static func discard(_ items: FlowItems, over link: PeerLink) {
    var rest = items
    guard items.flags.contains(.shared) else { return }
    while let item = rest.popFirst() { _ = shared(item, of: rest, over: link) }
  }

  /// An item's bytes in shared memory; nil if it is in the frame, or nowhere.
  static func shared(
    _ item: FlowItems.Item, of items: FlowItems, over link: PeerLink
  ) -> SharedItem? {
    guard items.flags.contains(.shared) else { return nil }
    let reference = SharedSlotName.read(items.frame[item.range])
    return reference.flatMap { link.memory?.load($0.slot, count: $0.count) }
  }

  // MARK: Waiting

  /// Waits until `take` has something, or never will.
  package func waitForItem() async throws {
    loop.assertCurrent()
    guard mustWait() else { return }
    let id = takeID()
    let bound = LoopBound(self, on: loop)
    try await withTaskCancellationHandler {
      try await withThrowingTaskContinuation {
        (continuation: TaskContinuation<Void, any Error>) in
        addWaiter(id) { continuation.resume(with: $0) }
      }
    } onCancel: {
      bound.loop.perform { bound.value.cancelWaiter(id) }
    }
  }

  /// Calls `body` once `take` has something, or never will.
  ///
  /// - Returns: What takes that back; it calls `body`, too, if nothing has come yet.
  package func whenItemComes(_ body: @escaping () -> Void) -> () -> Void {
    guard mustWait() else {
      body()
      return {}
    }
    let id = takeID()
    addWaiter(id) { _ in body() }
    return { [self] in
      cancelWaiter(id)
      // It may have been woken for an item that another task can have.
      passOn()
    }
  }

  /// Begins to use the end; whether there is nothing to take yet.
  private func mustWait() -> Bool {
    activate()
    return !hasItems && !isAtEnd
  }

  private func addWaiter(_ id: UInt64, _ resume: @escaping (Result<Void, any Error>) -> Void) {
    waiters.append(Waiter(id: id, since: loop.timers.coarseNanoseconds, resume: resume))
    markDirty()
  }

  private func cancelWaiter(_ id: UInt64) {
    guard let index = waiters.firstIndex(where: { $0.id == id }) else { return }
    waiters.remove(at: index).resume(.failure(CancellationError()))
  }

  /// Whether a task waits for an item.
  package var isWaiting: Bool { !waiters.isEmpty }

  /// A frame wakes one task, which passes the rest of it, or the end, on to the next.
  package func passOn() {
    guard !waiters.isEmpty else { return }
    if hasItems { wake() } else { wakeAtEnd() }
  }

  func wake() {
    guard let waiter = waiters.popFirst() else { return onItems?() ?? () }
    waiter.resume(.success(()))
  }

  func wakeAtEnd() {
    guard isAtEnd else { return }
    let waiting = waiters
    waiters = []
    for waiter in waiting { waiter.resume(.success(())) }
  }

  // MARK: Acknowledging

  /// The program is done with an item; does nothing the second time.
  package func acknowledge(_ delivery: Delivery) {
    guard delivery.flow.isLeased else { return }
    finish(delivery, isTold: false)
  }

  /// Replies to an item, which acknowledges it: both are one frame.
  package func reply(_ reply: [UInt8], to delivery: Delivery) {
    finish(delivery, isTold: true)
    var offset = 0
    repeat {
      let end = min(offset + WireLimits.pieceSize, reply.count)
      var header = FlowHeader(kind: .reply, flow: delivery.flow.id, total: delivery.sequence)
      if offset > 0 { header.flags.insert(.continuesPrevious) }
      if end < reply.count { header.flags.insert(.continuesInNext) }
      var frame = header.frame()
      frame += reply[offset..<end]
      delivery.flow.link.send(frame)
      offset = end
    } while offset < reply.count
  }

  private func finish(_ delivery: Delivery, isTold: Bool) {
    work?.end(delivery.flow, delivery.sequence)
    delivery.flow.acknowledge(delivery.sequence, isTold: isTold)
    markDirty()
  }
}
