internal import DequeModule
package import ProcessTreeWire

/// One receiver's end of a channel, where it is used: what has come, from whom, and what of it is
/// done.
///
/// Belongs to the loop.
package final class ReceiverCore {
  /// An item on its way through the program.
  ///
  /// Its bytes may be read anywhere; its flow belongs to the loop.
  package struct Delivery: @unchecked Sendable {
    let flow: InFlow
    package let frame: FrameBytes
    package let range: Range<Int>
    /// The item, when it is in shared memory and not in the frame.
    package let shared: SharedItem?
    package let sequence: UInt64
    /// 1 for the first delivery, one more for each further one.
    package let attempt: UInt8
    /// The item's name among those of its sender, of leased channels.
    package let number: UInt64
    /// The sender's end.
    package var sender: TicketID { flow.sender }
    /// The flow and the link that it came by.
    package var flowID: UInt32 { flow.id }
    package var linkID: ObjectIdentifier { ObjectIdentifier(flow.link) }
  }

  /// A task that waits for an item.
  private struct Waiter {
    let id: UInt64
    let resume: (Result<Void, any Error>) -> Void
  }

  /// Where the item that is being worked on is noted, for the time after a sudden death.
  package struct CurrentItem {
    package let begin: (_ sender: UInt64, _ sequence: UInt64, _ attempt: UInt8) -> Void
    package let end: () -> Void

    /// - Parameter begin: Is told the sender by its process and flow; see `InFlow.senderKey`.
    package init(
      begin: @escaping (UInt64, UInt64, UInt8) -> Void, end: @escaping () -> Void
    ) {
      self.begin = begin
      self.end = end
    }
  }

  package let ticket: TicketID
  package let specification: ChannelSpecification
  let loop: EventLoop
  @exclusivity(unchecked) private var flows: [InFlow] = []
  @exclusivity(unchecked) private var inbox: Deque<(flow: InFlow, items: FlowItems)> = []
  @exclusivity(unchecked) private var waiters: Deque<Waiter> = []
  @exclusivity(unchecked) private var nextID: UInt64 = 1
  @exclusivity(unchecked) private(set) var isDirty = false
  /// No sender is left; what has come is still to be had.
  @exclusivity(unchecked) private var hasEnded = false
  @exclusivity(unchecked) private var failure: LinkError?
  /// Called when the end has something to flush at the end of the turn.
  @exclusivity(unchecked) package var onDirty: ((ReceiverCore) -> Void)?
  /// Called when items have come and no task waits for them.
  @exclusivity(unchecked) package var onItems: (() -> Void)?
  /// Called at the first use.
  @exclusivity(unchecked) package var onActivation: (() -> Void)?
  @exclusivity(unchecked) package private(set) var isActive = false
  @exclusivity(unchecked) package private(set) var isClosed = false
  @exclusivity(unchecked) package var currentItem: CurrentItem?
  /// The flow and sequence of what is noted there.
  @exclusivity(unchecked) private var noted: (flow: UInt64, sequence: UInt64) = (0, 0)
  /// Called when a caller does not wait any more for the answer to an item.
  @exclusivity(unchecked) package var onCancel:
    ((_ flow: UInt32, PeerLink, _ sequence: UInt64) -> Void)?
  @exclusivity(unchecked) private var missedByGoneFlows: UInt64 = 0

  package convenience init(_ ticket: ChannelTicket, on loop: EventLoop) {
    self.init(ticket.ticket, ticket.specification, on: loop)
  }

  init(_ ticket: TicketID, _ specification: ChannelSpecification, on loop: EventLoop) {
    self.ticket = ticket
    self.specification = specification
    self.loop = loop
  }

  /// Begins to use the end here; does nothing the second time.
  package func activate() {
    guard !isActive else { return }
    isActive = true
    onActivation?()
  }

  // MARK: Taking

  /// The next item if one is there.
  package func take() -> Delivery? {
    while !inbox.isEmpty {
      // In place, so that nothing is copied.
      guard let item = inbox[0].items.popFirst() else {
        dropEmptyFrame()
        continue
      }
      let flow = inbox[0].flow
      let shared = shared(item, of: inbox[0].items, by: flow)
      flow.take(shared?.bytes.count ?? item.range.count)
      // What stands for an item that is nowhere is no item.
      if shared == nil, inbox[0].items.flags.contains(.shared) { continue }
      if flow.isLeased { begin(item, of: flow) }
      markDirty()
      passOn()
      return Delivery(
        flow: flow, frame: inbox[0].items.frame, range: item.range, shared: shared,
        sequence: item.sequence,
        attempt: item.attempt, number: item.number)
    }
    return nil
  }

  /// The items in the frame that came first, which `popBytes` gives; 0 if there are none, or they
  /// are not in the frame.
  package var itemsInFrame: Int {
    while !inbox.isEmpty {
      guard inbox[0].items.isEmpty else {
        return inbox[0].items.flags.contains(.shared) ? 0 : Int(inbox[0].items.left)
      }
      dropEmptyFrame()
    }
    return 0
  }

  private func dropEmptyFrame() {
    let flow = inbox.removeFirst().flow
    if flow.isClosed { forgetIfDone(flow) }
  }

  /// The bytes of the next item, valid until the next call; only for so many items as
  /// `itemsInFrame` says.
  ///
  /// For channels without leases: nobody has to be told which item it was.
  package func popBytes() -> UnsafeRawBufferPointer? {
    guard let range = inbox[0].items.popRange() else { return nil }
    inbox[0].flow.take(range.count)
    markDirty()
    if !waiters.isEmpty { passOn() }
    return inbox[0].items.frame[range]
  }

  /// One frame woke one task; what is left, or the end, is for the next.
  package func passOn() {
    guard !waiters.isEmpty else { return }
    if hasItems { wake() } else { wakeAtEnd() }
  }

  /// Whether the next item has been delivered before.
  package var nextIsRedelivered: Bool {
    inbox.first { !$0.items.isEmpty }?.items.flags.contains(.redelivered) ?? false
  }

  /// Lets go of the items of a frame that nobody will take: those in shared memory give it back.
  package static func discard(
    _ frame: UnsafeRawBufferPointer, header: FlowHeader, over link: PeerLink
  ) {
    guard header.flags.contains(.shared) else { return }
    discard(FlowItems(frame, header: header), over: link)
  }

  private static func discard(_ items: FlowItems, over link: PeerLink) {
    guard items.flags.contains(.shared) else { return }
    var rest = items
    while let range = rest.popRange() {
      guard let reference = SharedSlotName.read(rest.frame[range]) else { continue }
      _ = link.memory?.load(reference.slot, count: reference.count)
    }
  }

  private func shared(
    _ item: FlowItems.Item, of items: FlowItems, by flow: InFlow
  ) -> SharedItem? {
    guard items.flags.contains(.shared) else { return nil }
    let reference = SharedSlotName.read(items.frame[item.range])
    return reference.flatMap { flow.link.memory?.load($0.slot, count: $0.count) }
  }

  /// Whether nothing is left to take, now or ever.
  package var isAtEnd: Bool {
    guard !hasItems else { return false }
    return isClosed || failure != nil || (hasEnded && flows.allSatisfy(\.isClosed))
  }

  /// Waits until `take` has something, or never will.
  package func waitForItem() async throws {
    loop.assertCurrent()
    activate()
    guard !hasItems, !isAtEnd else { return }
    let id = nextID
    nextID += 1
    let bound = LoopBound(self, on: loop)
    markDirty()
    try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation {
        (continuation: UnsafeContinuation<Void, any Error>) in
        waiters.append(Waiter(id: id) { continuation.resume(with: $0) })
      }
    } onCancel: {
      bound.loop.perform { bound.value.cancelWaiter(id) }
    }
  }

  private func cancelWaiter(_ id: UInt64) {
    guard let index = waiters.firstIndex(where: { $0.id == id }) else { return }
    waiters.remove(at: index).resume(.failure(CancellationError()))
  }

  /// Whether a task waits for an item.
  package var isWaiting: Bool { !waiters.isEmpty }

  /// Whether items have come that nobody has taken.
  package var hasItems: Bool { !inbox.allSatisfy { $0.items.isEmpty } }

  /// Why there will be nothing, when that is an error.
  package func checkFailure() throws(LinkError) {
    if let failure { throw failure }
  }

  /// The program is done with an item; does nothing the second time.
  package func acknowledge(_ delivery: Delivery) {
    guard delivery.flow.isLeased else { return }
    end(delivery)
    delivery.flow.acknowledge(delivery.sequence)
    markDirty()
  }

  private func begin(_ item: FlowItems.Item, of flow: InFlow) {
    guard let currentItem else { return }
    noted = (flow.senderKey, item.sequence)
    currentItem.begin(flow.senderKey, item.sequence, item.attempt)
  }

  /// Another item may have been begun since this one, and is the one that is noted.
  private func end(_ delivery: Delivery) {
    guard noted == (delivery.flow.senderKey, delivery.sequence) else { return }
    noted = (0, 0)
    currentItem?.end()
  }

  /// Answers an item, which acknowledges it: both are one frame.
  package func reply(_ answer: [UInt8], to delivery: Delivery) {
    end(delivery)
    delivery.flow.acknowledge(delivery.sequence)
    var offset = 0
    repeat {
      let end = min(offset + WireLimits.pieceSize, answer.count)
      var header = FlowHeader(kind: .reply, flow: delivery.flow.id, total: delivery.sequence)
      if offset > 0 { header.flags.insert(.continuesPrevious) }
      if end < answer.count { header.flags.insert(.continuesInNext) }
      delivery.flow.link.send(header.frame(body: Array(answer[offset..<end])))
      offset = end
    } while offset < answer.count
    markDirty()
  }

  /// How many items the senders of a broadcast have left out for this subscriber.
  package var missed: UInt64 { flows.reduce(missedByGoneFlows) { $0 &+ $1.missed } }

  // MARK: Flows

  @exclusivity(unchecked) private var hasHadSender = false

  /// A sender has opened a flow to this end.
  package func open(flow id: UInt32, from sender: TicketID, over link: PeerLink) {
    hasHadSender = true
    flows.append(InFlow(id: id, from: sender, over: link, specification))
  }

  /// Takes a frame of items.
  package func receive(
    flow id: UInt32, over link: PeerLink, header: FlowHeader, _ frame: UnsafeRawBufferPointer
  ) throws(WireError) {
    guard let flow = flow(id, link), let items = try flow.receive(frame, header: header) else {
      return
    }
    inbox.append((flow, items))
    wake()
  }

  /// The sender has closed the flow, or has died.
  package func close(flow id: UInt32, over link: PeerLink) {
    guard let flow = flow(id, link) else { return }
    flow.isClosed = true
    forgetIfDone(flow)
    wakeAtEnd()
  }

  private func forgetIfDone(_ flow: InFlow) {
    guard !inbox.contains(where: { $0.flow === flow && !$0.items.isEmpty }),
      let index = flows.firstIndex(where: { $0 === flow })
    else { return }
    // Once: an empty frame of the flow may still be there to be dropped.
    flows.remove(at: index)
    missedByGoneFlows &+= flow.missed
  }

  /// Returns unstarted items until `keeping` remain, counting started ones.
  package func recall(flow id: UInt32, over link: PeerLink, keeping: Int) {
    guard let flow = flow(id, link) else { return }
    // What has been begun stays, and counts.
    var kept = flow.begun
    var first: UInt64?
    for index in inbox.indices where inbox[index].flow === flow {
      var rest = inbox[index].items.split(keeping: UInt32(clamping: max(0, keeping) - kept))
      kept += Int(inbox[index].items.left)
      while let item = rest.popFirst() {
        first = first ?? item.sequence
        let shared = shared(item, of: rest, by: flow)
        flow.take(shared?.bytes.count ?? item.range.count)
        flow.acknowledge(item.sequence)
      }
    }
    let through = flow.lastReceived
    link.send(.returned(flow: id, from: first ?? through + 1, through: through))
    markDirty()
  }

  package func noteMissed(_ count: UInt64, flow id: UInt32, over link: PeerLink) {
    flow(id, link)?.missed = count
  }

  package func cancel(flow id: UInt32, over link: PeerLink, sequence: UInt64) {
    onCancel?(id, link, sequence)
  }

  private func flow(_ id: UInt32, _ link: PeerLink) -> InFlow? {
    flows.first { $0.id == id && $0.link === link }
  }

  // MARK: The end

  /// No sender is left.
  package func end() {
    hasEnded = true
    wakeAtEnd()
  }

  /// Nothing comes any more, and that is an error unless items did.
  package func fail(_ error: LinkError) {
    guard !isClosed, !hasEnded else { return }
    if failure == nil { failure = error }
    wakeAtEnd()
  }

  /// The node that made the channel is gone: no further sender comes, and those that are here go
  /// on.
  package func homeLost(_ error: LinkError) {
    if !hasHadSender { fail(error) }
    hasEnded = true
    wakeAtEnd()
  }

  /// The program takes nothing more: what it has not acknowledged is the senders' again.
  package func close() {
    guard !isClosed else { return }
    // What was done in this turn is said before: it shall not be done again.
    flush()
    isClosed = true
    for flow in flows where !flow.isClosed { flow.link.send(.leave(flow: flow.id)) }
    for (flow, items) in inbox { Self.discard(items, over: flow.link) }
    missedByGoneFlows = missed
    flows = []
    inbox = []
    // Its place may be another's from now on.
    currentItem?.end()
    currentItem = nil
    wakeAtEnd()
  }

  private func wake() {
    guard let waiter = waiters.popFirst() else { return onItems?() ?? () }
    waiter.resume(.success(()))
  }

  private func wakeAtEnd() {
    guard isAtEnd else { return }
    let waiting = waiters
    waiters = []
    for waiter in waiting { waiter.resume(.success(())) }
  }

  // MARK: Going back

  private func markDirty() {
    guard !isDirty else { return }
    isDirty = true
    onDirty?(self)
  }

  /// Sends credit and acknowledgements; called at the end of each turn.
  package func flush() {
    isDirty = false
    // What many senders may have under way together stays within one window.
    let window = max(FlowCredit.initial, FlowCredit.window / max(1, flows.count))
    for flow in flows where !flow.isClosed {
      while let frame = flow.back(window: window, isIdle: isWaiting) { flow.link.send(frame) }
    }
  }
}
