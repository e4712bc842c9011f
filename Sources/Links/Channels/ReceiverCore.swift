internal import DequeModule
package import ProcessTreeWire

/// One receiver's end of a channel, where it is used: flows from the senders, items that the
/// program has not received, and tasks that wait for items.
///
/// Belongs to the loop.
package final class ReceiverCore {
  /// A task that waits for an item.
  struct Waiter {
    let id: UInt64
    /// When it began to, by the loop's coarse clock.
    let since: Int64
    let resume: (Result<Void, any Error>) -> Void
  }

  package let ticket: TicketID
  package let specification: ChannelSpecification
  let loop: EventLoop
  // Unchecked is what each item touches: a check costs 84 instructions, about 10 ns.
  @exclusivity(unchecked) private var flows: [InFlow] = []
  private let changed = ChangedFlows<InFlow>()
  /// Flows that owe credit, but too little for a frame while no task waits.
  private let owing = ChangedFlows<InFlow>()
  @exclusivity(unchecked) var inbox = Inbox()
  @exclusivity(unchecked) var waiters: Deque<Waiter> = []
  @exclusivity(unchecked) private var nextID: UInt64 = 1
  @exclusivity(unchecked) private(set) var isDirty = false
  /// No sender is left; the program can still receive what has arrived.
  @exclusivity(unchecked) private var hasEnded = false
  private var hasHadSender = false
  private var failure: LinkError?
  /// Called when the end has something to flush at the end of the turn.
  @exclusivity(unchecked) package var onDirty: ((ReceiverCore) -> Void)?
  /// Called when items have come and no task waits for them.
  @exclusivity(unchecked) package var onItems: (() -> Void)?
  /// Called at the first use.
  package var onActivation: (() -> Void)?
  @exclusivity(unchecked) package private(set) var isActive = false
  @exclusivity(unchecked) package private(set) var isClosed = false
  /// The program finishes the items that it has begun, and gets no others.
  package private(set) var isDraining = false
  /// Whether it receives up to the end of the channel, although its node is asked to drain.
  package var goesOnInADrain = false
  /// The item that a receiver of leased items works on; nil if it can note none.
  @exclusivity(unchecked) var work: CurrentWork?
  /// Called when a caller no longer waits for the reply to an item that the program has.
  package var onCancel: ((_ flow: UInt32, PeerLink, _ sequence: UInt64, _ isLate: Bool) -> Void)?
  private var missedByGoneFlows: UInt64 = 0
  /// The topics that the program has subscribed to, of a channel that has them; `nil` before it
  /// has.
  private var topics: [String]?
  /// Holds back items that are under way when the topics change.
  @exclusivity(unchecked) private(set) var filter: TopicFilter?

  package convenience init(_ ticket: ChannelTicket, on loop: EventLoop) {
    self.init(ticket.ticket, ticket.specification, on: loop)
  }

  init(_ ticket: TicketID, _ specification: ChannelSpecification, on loop: EventLoop) {
    self.ticket = ticket
    self.specification = specification
    self.loop = loop
  }

  deinit { forgetChanges() }

  /// Flows and lists know each other.
  private func forgetChanges() {
    _ = changed.takeAll()
    _ = owing.takeAll()
  }

  /// The part of the window that each flow has is another.
  private func windowChanged() {
    for flow in flows { flow.noteChange() }
  }

  /// Begins to use the end here; does nothing the second time.
  package func activate() {
    guard !isActive else { return }
    isActive = true
    onActivation?()
  }

  /// Notes from now on the item that the program works on.
  package func noteWork(in notes: any WorkNotes) { work = CurrentWork(notes) }

  func takeID() -> UInt64 {
    defer { nextID += 1 }
    return nextID
  }

  // MARK: Flows

  /// A sender has opened a flow to this end.
  package func open(flow id: UInt32, from sender: TicketID, over link: PeerLink) {
    hasHadSender = true
    flows.append(InFlow(id: id, from: sender, over: link, specification, in: changed))
    windowChanged()
    if let topics { link.send(.subscribe(flow: id, topics: topics)) }
  }

  /// Takes items of these topics from now on; of a channel of topics.
  package func subscribe(to topics: [String]) {
    guard self.topics != topics, let filter = TopicFilter(topics) else { return }
    self.topics = topics
    self.filter = filter
    for flow in flows where !flow.isClosed {
      flow.link.send(.subscribe(flow: flow.id, topics: topics))
    }
  }

  /// Receives a frame of items.
  package func receive(
    flow id: UInt32, over link: PeerLink, header: FlowHeader, _ frame: UnsafeRawBufferPointer
  ) throws(WireError) {
    guard let flow = flow(id, link), var items = try flow.receive(frame, header: header) else {
      return
    }
    // Of an item in pieces the time began with the last of them: a little later than it might have.
    if items.flags.contains(.timed) { items.arrival = Moment(loop.timers.now) }
    inbox.append(items, of: flow)
    // It was on its way when the sender did not know yet.
    guard !isDraining else { return returnItems(of: flow, keeping: 0) }
    wake()
  }

  /// The sender has closed the flow, or has died.
  package func close(flow id: UInt32, over link: PeerLink) {
    guard let flow = flow(id, link) else { return }
    flow.isClosed = true
    forgetIfDone(flow)
    wakeAtEnd()
  }

  func forgetIfDone(_ flow: InFlow) {
    guard flow.isClosed, !inbox.hasItems(of: flow),
      let index = flows.firstIndex(where: { $0 === flow })
    else { return }
    // Once: an empty frame of the flow may still be in the inbox.
    flows.remove(at: index)
    missedByGoneFlows &+= flow.missed
    windowChanged()
  }

  /// Returns unstarted items until `keeping` remain, counting started ones.
  package func recall(flow id: UInt32, over link: PeerLink, keeping: Int) {
    if let flow = flow(id, link) { returnItems(of: flow, keeping: keeping) }
  }

  private func returnItems(of flow: InFlow, keeping: Int) {
    let link = flow.link
    var first: UInt64?
    for var rest in inbox.recall(flow, keeping: max(0, keeping) - flow.begun) {
      while let item = rest.popFirst() {
        first = first ?? item.sequence
        let shared = Self.shared(item, of: rest, over: link)
        flow.take(shared?.bytes.count ?? item.range.count)
        flow.acknowledge(item.sequence)
        flow.forgetCancellation(of: item.sequence)
      }
    }
    let through = flow.lastReceived
    link.send(.returned(flow: flow.id, from: first ?? through + 1, through: through))
    markDirty()
  }

  /// Gives back the items that the program has not begun, and takes no more: a receiver of leased
  /// items is at its end, as far as its program sees.
  package func drain() {
    guard specification.isLeased, !goesOnInADrain, !isDraining, !isClosed else { return }
    isDraining = true
    for flow in flows where !flow.isClosed {
      flow.link.send(.drain(flow: flow.id))
      returnItems(of: flow, keeping: 0)
    }
    wakeAtEnd()
  }

  package func noteMissed(_ count: UInt64, flow id: UInt32, over link: PeerLink) {
    flow(id, link)?.missed = count
  }

  /// The number of items that this subscriber of a broadcast has missed.
  package var missed: UInt64 { flows.reduce(missedByGoneFlows) { $0 &+ $1.missed } }

  /// A caller no longer waits for the reply to an item.
  ///
  /// - Parameter isLate: Whether that is because the time for it is over.
  package func cancel(flow id: UInt32, over link: PeerLink, sequence: UInt64, isLate: Bool = false)
  {
    guard let flow = flow(id, link), !flow.cancelWaiting(sequence) else { return }
    onCancel?(id, link, sequence, isLate)
  }

  /// The nodes of the senders that may still send.
  var peers: [PeerAddress] { flows.filter { !$0.isClosed }.map(\.link.peer) }

  private func flow(_ id: UInt32, _ link: PeerLink) -> InFlow? {
    flows.first { $0.id == id && $0.link === link }
  }

  // MARK: The end

  /// Whether nothing is left to receive, now or ever.
  package var isAtEnd: Bool {
    guard !hasItems else { return false }
    return isClosed || isDraining || failure != nil || (hasEnded && flows.allSatisfy(\.isClosed))
  }

  /// Throws the reason why nothing will arrive, if that is an error.
  package func checkFailure() throws(LinkError) {
    if let failure { throw failure }
  }

  /// No sender is left.
  package func end() {
    hasEnded = true
    wakeAtEnd()
  }

  /// Nothing arrives any more, which is an error unless items did.
  package func fail(_ error: LinkError) {
    guard !isClosed, !hasEnded else { return }
    if failure == nil { failure = error }
    wakeAtEnd()
  }

  /// The node that made the channel is gone: no further sender joins, and those that are here go
  /// on.
  package func homeLost(_ error: LinkError) {
    if !hasHadSender { fail(error) }
    hasEnded = true
    wakeAtEnd()
  }

  /// The program receives nothing more: items that it has not acknowledged return to their senders.
  package func close() {
    guard !isClosed else { return }
    // What the program acknowledged in this turn goes out first: nobody must process it again.
    flush()
    isClosed = true
    for flow in flows where !flow.isClosed { flow.link.send(.leave(flow: flow.id)) }
    for (flow, items) in inbox.removeAll() { Self.discard(items, over: flow.link) }
    missedByGoneFlows = missed
    flows = []
    forgetChanges()
    // The place may belong to another receiver from now on.
    work?.notes.end()
    work = nil
    wakeAtEnd()
  }

  // MARK: Back to the senders

  func markDirty() {
    guard !isDirty else { return }
    isDirty = true
    onDirty?(self)
  }

  /// Sends credit and acknowledgements; called at the end of each turn.
  ///
  /// - Returns: The number of flows that it looked at: those from which something was taken.
  @discardableResult
  package func flush() -> Int {
    isDirty = false
    guard !isClosed else {
      forgetChanges()
      return 0
    }
    let isIdle = isWaiting
    // A consumer that waits gets what was not worth a frame before.
    for flow in isIdle ? owing.takeAll() : [] {
      flow.isOwing = false
      flow.noteChange()
    }
    // The bytes that all senders together have on their way stay within one window; those of items
    // that their senders share within four.
    let window = max(FlowCredit.initial, FlowCredit.window / max(1, flows.count))
    let changed = changed.takeAll()
    for flow in changed {
      flow.isNoted = false
      guard !flow.isClosed else { continue }
      while let frame = flow.back(window: window, isIdle: isIdle) { flow.link.send(frame) }
      guard !isIdle, !flow.isOwing, flow.owes else { continue }
      flow.isOwing = true
      owing.note(flow)
    }
    return changed.count
  }
}
