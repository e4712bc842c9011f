internal import DequeModule
package import ProcessTreeWire

/// One sender's end of a channel, where it is used: waiting tasks, flows and frames.
///
/// Belongs to the loop. Its policy, a value, decides which item goes to which receiver.
package final class SenderCore {
  /// The phases of an end's life.
  package enum Phase: Equatable {
    /// The end has not been used here.
    case held
    case active
    /// The end accepts nothing more, and what it accepted is on its way.
    case finishing
    case closed(LinkError)
  }

  /// An item that killed its consumers.
  package struct Quarantined: Sendable {
    package let bytes: [UInt8]
    package let deaths: [ItemDeath]
    package var killers: [PeerAddress] { deaths.map(\.node) }
  }

  package let ticket: TicketID
  package let specification: ChannelSpecification
  let loop: EventLoop
  // Unchecked is what each item touches: a check costs 84 instructions, about 10 ns.
  @exclusivity(unchecked) package private(set) var phase = Phase.held {
    didSet { findDirectFlow() }
  }
  /// The flows, at the places by which the policy knows the receivers.
  @exclusivity(unchecked) var flows: [OutFlow] = [] {
    didSet { findDirectFlow() }
  }
  let changed = ChangedFlows<OutFlow>()
  @exclusivity(unchecked) var policy: any SenderPolicy
  /// The only flow of a pipe that is in use; one of `flows`, which keep it.
  @exclusivity(unchecked) private(set) var direct: Unmanaged<OutFlow>?
  @exclusivity(unchecked) var queue = ItemQueue()
  @exclusivity(unchecked) var waiters: Deque<Waiter> = []
  @exclusivity(unchecked) var calls: [UInt64: Call] = [:]
  private(set) var joiners: [UInt64: Joiner] = [:]
  @exclusivity(unchecked) private var nextID: UInt64 = 1
  @exclusivity(unchecked) private(set) var isDirty = false
  /// Set when no receiver can join those that are here.
  var lastReceivers: LinkError?
  @exclusivity(unchecked) var counts = ChannelBalance()
  /// Items that killed their consumers and that the program has not taken.
  package var quarantined: [Quarantined] = [] {
    didSet { onQuarantine?(self) }
  }

  /// Called when the end has something to flush at the end of the turn.
  @exclusivity(unchecked) package var onDirty: ((SenderCore) -> Void)?
  /// Called at the first use.
  package var onActivation: (() -> Void)?
  /// Ends of channels in items: void when the receivers that had them are gone.
  private var carriedTickets: [ChannelTicket] = []
  /// Called with the ends that nobody will claim.
  package var onTicketsLost: (([ChannelTicket]) -> Void)?
  /// Called when items were quarantined, or taken from there.
  package var onQuarantine: ((SenderCore) -> Void)?
  /// Called when a task begins to wait for credit.
  package var onWaiting: (() -> Void)?

  package convenience init(_ ticket: ChannelTicket, on loop: EventLoop) {
    self.init(ticket.ticket, ticket.specification, on: loop)
  }

  init(_ ticket: TicketID, _ specification: ChannelSpecification, on loop: EventLoop) {
    self.ticket = ticket
    self.specification = specification
    policy =
      switch specification.kind {
      case .pipe: PipePolicy(specification)
      case .work: WorkPolicy(specification)
      case .broadcast, .topics: BroadcastPolicy(specification)
      case .service: RequestPolicy(specification)
      }
    self.loop = loop
  }

  deinit {
    // Each knows the other.
    _ = changed.takeAll()
  }

  private func findDirectFlow() {
    direct =
      specification.kind == .pipe && phase == .active && flows.count == 1
      ? flows.first.map(Unmanaged.passUnretained) : nil
  }

  func takeID() -> UInt64 {
    defer { nextID += 1 }
    return nextID
  }

  /// Begins to use the end here; does nothing the second time.
  package func activate() {
    guard phase == .held else { return }
    phase = .active
    onActivation?()
  }

  /// A link over which this end sends has confirmed frames, for which joiners or pieces may wait.
  package func confirmed() {
    if !joiners.isEmpty || !changed.flows.isEmpty { markDirty() }
  }

  func markDirty() {
    guard !isDirty else { return }
    isDirty = true
    onDirty?(self)
  }

  /// What became of the items that this end has accepted.
  package var balance: ChannelBalance {
    var balance = counts
    balance.missed = policy.missed
    return balance
  }

  // MARK: Distribution

  /// Whether an item would be accepted without waiting, and without a verdict of the overflow
  /// policy.
  var hasRoom: Bool {
    (waiters.isEmpty || queue.isEmpty) && policy.hasRoom(queue) { self.flows[$0].canSend }
  }

  /// Sends what waits as far as there is credit, then lets waiting tasks go on.
  func pump() {
    while true {
      while let next = policy.next(&queue, { self.flows[$0].canSend }) { hand(next) }
      guard !waiters.isEmpty, hasRoom, let waiter = waiters.popFirst() else { return }
      queue.append(waiter.item)
      markDirty()
      waiter.resume(nil)
    }
  }

  private func hand(_ next: Handout) {
    if !specification.isLeased { counts.acknowledged += 1 }
    switch next.recipients {
    case .one(let place): flows[place].send(next.item)
    case .all(let places):
      for place in places {
        tellMissed(at: place)
        flows[place].send(next.item)
      }
    }
    markDirty()
  }

  /// Hands the frames that are being filled to the links; called at the end of each turn.
  ///
  /// - Returns: The number of flows that it looked at: those with something to send.
  @discardableResult
  package func flush() -> Int {
    isDirty = false
    let changed = changed.takeAll()
    for flow in changed {
      flow.flush()
      guard let place = flow.place, policy.hasWaiting(for: place) else { continue }
      sendWaiting(at: place)
      flow.flush()
    }
    settle()
    return changed.count
  }

  /// Lets tasks go on for which the last change has made room, or which wait for the end.
  private func settle() {
    // A large item may have left, and its flow has room again.
    if !queue.isEmpty || !waiters.isEmpty { pump() }
    guard !joiners.isEmpty else { return }
    guard isSettled else {
      // Acknowledgements of a leased channel report everything.
      for flow in flows where !specification.isLeased && !flow.isConfirmed {
        flow.link.askForReceipt()
      }
      return
    }
    let done = joiners.values
    joiners = [:]
    for joiner in done { joiner.resume() }
  }

  /// Sends a subscriber the items that wait for it.
  func sendWaiting(at place: Int) {
    guard policy.hasWaiting(for: place), flows[place].canSend else { return }
    tellMissed(at: place)
    while flows[place].canSend, let bytes = policy.nextWaiting(for: place) {
      flows[place].send(PendingItem(bytes: bytes))
    }
  }

  /// Sends a subscriber the number of items that it has missed, unless it knows.
  ///
  /// Before the next item and at the end, not for each item: nothing bounds what is sent to a
  /// subscriber that is stopped.
  private func tellMissed(at place: Int) {
    guard let count = policy.missedNews(for: place) else { return }
    flows[place].link.send(.missed(flow: flows[place].id, count: count))
  }

  /// Sends a subscriber, before its flow is closed, the number of items that it has missed.
  package func tellMissed(flow id: UInt32, over link: PeerLink) {
    if let place = place(of: id, link) { tellMissed(at: place) }
  }

  // MARK: The end

  /// Whether everything that was accepted has been handed to links.
  package var isDrained: Bool {
    queue.isEmpty && waiters.isEmpty && changed.flows.allSatisfy(\.isFlushed)
  }

  /// Whether nothing that was accepted is still on its way.
  package var isSettled: Bool {
    if case .closed = phase { return true }
    return queue.isEmpty && waiters.isEmpty && policy.isSettled
      && flows.allSatisfy { $0.isFlushed && (specification.isLeased || $0.isConfirmed) }
  }

  /// Accepts nothing more.
  package func finish() {
    guard phase == .active else { return }
    phase = .finishing
    markDirty()
  }

  /// Calls `body` once everything is settled; returns a number for `forgetJoiner`.
  @discardableResult
  package func whenSettled(_ body: @escaping () -> Void) -> UInt64 {
    let id = takeID()
    joiners[id] = Joiner(since: loop.timers.coarseNanoseconds, resume: body)
    markDirty()
    return id
  }

  package func forgetJoiner(_ id: UInt64) { joiners[id] = nil }

  /// No receiver is left and none can come, or the node is ending: unprocessed items return to the
  /// sender.
  package func close(_ error: LinkError) {
    if case .closed = phase { return }
    phase = .closed(error)
    loseTickets()
    counts.returned += UInt64(queue.count + policy.abandon())
    queue.removeAll()
    let waiting = waiters
    waiters = []
    for waiter in waiting {
      counts.sent -= 1
      waiter.resume(error)
    }
    let unanswered = calls
    calls = [:]
    for call in unanswered.values { call.end(.failure(error)) }
    markDirty()
  }

  /// Notes ends in an item, the latest of them: older ones have long arrived.
  package func carry(_ tickets: [ChannelTicket]) {
    carriedTickets += tickets
    guard carriedTickets.count > 2 * Self.ticketsKept else { return }
    carriedTickets.removeFirst(carriedTickets.count - Self.ticketsKept)
  }

  private static let ticketsKept = 4_096

  private func loseTickets() {
    guard !carriedTickets.isEmpty else { return }
    onTicketsLost?(carriedTickets)
    carriedTickets = []
  }

  // MARK: Flows

  /// Runs `body` with the place of a flow, then sends what that has made possible; does nothing if
  /// the flow is gone.
  func change(_ id: UInt32, _ link: PeerLink, _ body: (Int) -> Void) {
    guard let place = place(of: id, link) else { return }
    body(place)
    proceed()
  }

  /// Sends what an event has made possible, and recalls items for a receiver that has none.
  func proceed() {
    pump()
    if queue.isEmpty, let (place, keeping) = policy.recall({ self.flows[$0].canSend }) {
      flows[place].link.send(.recall(flow: flows[place].id, keeping: keeping))
    }
    markDirty()
  }

  func place(of id: UInt32, _ link: PeerLink) -> Int? {
    flows.firstIndex { $0.id == id && $0.link === link }
  }
}
