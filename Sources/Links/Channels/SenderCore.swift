internal import DequeModule
package import ProcessTreeWire

/// One sender's end of a channel, where it is used: which item goes to which receiver, and when.
///
/// Belongs to the loop.
package final class SenderCore {
  /// Where the end is in its life.
  package enum Phase: Equatable {
    /// Nobody has used it here.
    case held
    case active
    /// Nothing more is taken; what was taken is on its way.
    case finishing
    case closed(LinkError)
  }

  /// An item that killed its consumers.
  package struct Quarantined: Sendable {
    package let bytes: [UInt8]
    package let killers: [NodeAddress]
  }

  /// A task that waits for room.
  struct Waiter {
    let id: UInt64
    let item: PendingItem
    let resume: ((any Error)?) -> Void
  }

  package let ticket: TicketID
  package let specification: ChannelSpecification
  let loop: EventLoop
  @exclusivity(unchecked) package internal(set) var phase = Phase.held {
    didSet { findDirectFlow() }
  }
  @exclusivity(unchecked) var flows: [OutFlow] = [] {
    didSet { findDirectFlow() }
  }
  /// The only flow of a pipe that is in use; one of `flows`, which keep it.
  @exclusivity(unchecked) private(set) var direct: Unmanaged<OutFlow>?
  @exclusivity(unchecked) var pending: Deque<PendingItem> = []
  @exclusivity(unchecked) var pendingBytes = 0
  @exclusivity(unchecked) var waiters: Deque<Waiter> = []
  @exclusivity(unchecked) var calls: [UInt64: (Result<[UInt8], any Error>) -> Void] = [:]
  @exclusivity(unchecked) private var joiners: [UInt64: () -> Void] = [:]
  @exclusivity(unchecked) private var nextID: UInt64 = 1
  @exclusivity(unchecked) private var nextFlow = 0
  @exclusivity(unchecked) private(set) var lastNumber: UInt64 = 0
  @exclusivity(unchecked) private(set) var isDirty = false
  /// Receivers that are on their way and shall miss nothing; nil until a broadcast's home has said.
  @exclusivity(unchecked) var expectedReceivers: Int?
  /// Items of a broadcast that were left out before they went to anybody.
  @exclusivity(unchecked) var leftOut: UInt64 = 0
  /// Receivers that have set out since the sender's first item: the last that was sent before, and how
  /// many of the later ones were left out.
  @exclusivity(unchecked) var setOut: [TicketID: (after: UInt64, missed: UInt64)] = [:]
  /// No receiver can come beside those that are here.
  @exclusivity(unchecked) private var lastReceivers: LinkError?
  @exclusivity(unchecked) package internal(set) var balance = ChannelBalance()
  /// Items that killed their consumers and that nobody has taken from here.
  @exclusivity(unchecked) package var quarantined: [Quarantined] = [] {
    didSet { onQuarantine?(self) }
  }

  /// Called when the end has something to flush at the end of the turn.
  @exclusivity(unchecked) package var onDirty: ((SenderCore) -> Void)?
  /// Called at the first use.
  @exclusivity(unchecked) package var onActivation: (() -> Void)?
  /// Ends of channels in items: void when the receivers that had them are gone.
  @exclusivity(unchecked) private var carriedTickets: [ChannelTicket] = []
  /// Called with the ends that nobody will claim.
  @exclusivity(unchecked) package var onTicketsLost: (([ChannelTicket]) -> Void)?
  /// Called when items were put aside, or taken from there.
  @exclusivity(unchecked) package var onQuarantine: ((SenderCore) -> Void)?
  /// Called when a task begins to wait for credit.
  @exclusivity(unchecked) package var onWaiting: (() -> Void)?

  package convenience init(_ ticket: ChannelTicket, on loop: EventLoop) {
    self.init(ticket.ticket, ticket.specification, on: loop)
  }

  init(_ ticket: TicketID, _ specification: ChannelSpecification, on loop: EventLoop) {
    self.ticket = ticket
    self.specification = specification
    self.loop = loop
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

  /// A link over which this end sends has confirmed frames.
  package func confirmed() { markDirty() }

  func markDirty() {
    guard !isDirty else { return }
    isDirty = true
    onDirty?(self)
  }

  /// Hands what waits in frames to the links; called at the end of each turn.
  package func flush() {
    isDirty = false
    for flow in flows {
      flow.flush()
      if specification.kind == .broadcast { drainBacklog(of: flow) }
    }
    // A large item may have left, and room with it.
    if !pending.isEmpty || !waiters.isEmpty { pump() }
    guard !joiners.isEmpty else { return }
    guard isSettled else {
      // Of a leased channel, acknowledgements say all there is to know.
      for flow in flows where !specification.isLeased && !flow.isConfirmed {
        flow.link.askForReceipt()
      }
      return
    }
    let done = joiners.values
    joiners = [:]
    for joiner in done { joiner() }
  }

  // MARK: The end

  /// Whether all that was taken has been handed to links.
  package var isDrained: Bool {
    pending.isEmpty && waiters.isEmpty && flows.allSatisfy(\.isFlushed)
  }

  /// Whether nothing that was taken is still on its way.
  package var isSettled: Bool {
    if case .closed = phase { return true }
    return pending.isEmpty && waiters.isEmpty && calls.isEmpty
      && flows.allSatisfy {
        $0.isFlushed && $0.leases.isEmpty && (specification.isLeased || $0.isConfirmed)
      }
  }

  /// Takes nothing more.
  package func finish() {
    guard phase == .active else { return }
    phase = .finishing
    markDirty()
  }

  /// Calls `body` once everything is settled; returns a number to forget it by.
  @discardableResult
  package func whenSettled(_ body: @escaping () -> Void) -> UInt64 {
    let id = takeID()
    joiners[id] = body
    markDirty()
    return id
  }

  package func forgetJoiner(_ id: UInt64) { joiners[id] = nil }

  /// No receiver is left and none can come, or the node is ending: what was not processed is the
  /// sender's.
  package func close(_ error: LinkError) {
    if case .closed = phase { return }
    phase = .closed(error)
    loseTickets()
    // Taken back, so that nothing that still comes is counted a second time.
    let leased = flows.reduce(0) { $0 + $1.takeAllBack().count }
    balance.returned += UInt64(pending.count + leased)
    pending = []
    pendingBytes = 0
    let waiting = waiters
    waiters = []
    for waiter in waiting {
      balance.sent -= 1
      waiter.resume(error)
    }
    let unanswered = calls
    calls = [:]
    for call in unanswered.values { call(.failure(error)) }
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

  // MARK: Receivers

  /// A receiver has been introduced: from now on items may go there.
  package func addFlow(_ id: UInt32, to receiver: TicketID, over link: PeerLink) {
    let flow = OutFlow(id: id, to: receiver, over: link, specification)
    flows.append(flow)
    noteMissedOnTheWay(by: flow)
    pump()
    recallIfHoarded()
    markDirty()
  }

  /// So many receivers are under way to their nodes; which of the receivers is new, if one is.
  package func expect(receivers count: Int, newest: TicketID? = nil) {
    expectedReceivers = max(0, count)
    if let newest { noteNewest(newest) }
    // Those that will not come are forgotten with the others.
    if count <= 0 { setOut = [:] }
    pump()
    markDirty()
  }

  /// A receiver has said where it notes which item it works on; nil when it does not, or cannot be
  /// looked at.
  package func accept(
    flow id: UInt32, over link: PeerLink, _ read: (() -> UInt64?)?
  ) {
    guard let flow = flow(id, link) else { return }
    // Who does not note it gets one item at a time, which is then the one.
    flow.isAccepted = read != nil
    flow.readCurrentItem = read
    pump()
    markDirty()
  }

  /// The node that made the channel is gone: no further receiver comes.
  package func homeLost(_ error: LinkError) {
    // Whoever was under way to a broadcast's home does not come any more.
    if expectedReceivers != 0 { expect(receivers: 0) }
    noFurtherReceiver(error)
  }

  /// No receiver comes beside those that are here, of whom each still says itself what it has done.
  package func noFurtherReceiver(_ error: LinkError) {
    lastReceivers = error
    if flows.isEmpty { close(error) }
  }

  /// A receiver has gone: by its death, which one of its items may have caused, or by leaving.
  package func remove(flow id: UInt32, over link: PeerLink, died: Bool) {
    guard let index = flows.firstIndex(where: { $0.id == id && $0.link === link }) else { return }
    let flow = flows.remove(at: index)
    takeBack(flow, died: died)
    if specification.kind == .pipe { close(.peerGone) }
    if flows.isEmpty, let lastReceivers { close(lastReceivers) }
    pump()
    markDirty()
  }

  private func takeBack(_ flow: OutFlow, died: Bool) {
    // What it was working on is the suspect; without its page, the oldest that it had.
    let suspect = died ? flow.suspect : nil
    let leases = flow.takeAllBack()
    guard !leases.isEmpty else { return }
    var back: [PendingItem] = []
    for lease in leases {
      var item = lease.item
      item.attempt = item.attempt == .max ? .max : item.attempt + 1
      if lease.sequence == suspect {
        item.kills += 1
        item.killers.append(flow.link.peer)
        guard item.kills < specification.attempts else {
          quarantine(item)
          continue
        }
      }
      balance.redelivered += 1
      back.append(item)
    }
    giveBack(back)
  }

  private func quarantine(_ item: PendingItem) {
    balance.quarantined += 1
    if let call = item.call.flatMap({ calls.removeValue(forKey: $0) }) {
      call(.failure(LinkError.quarantined(item.killers.map(\.name))))
    } else {
      quarantined.append(Quarantined(bytes: item.bytes, killers: item.killers))
    }
  }

  private func giveBack(_ items: [PendingItem]) {
    for item in items.reversed() {
      // Nobody waits any more for the answer to a call that was cancelled.
      guard item.call.map({ calls[$0] != nil }) ?? true else {
        balance.returned += 1
        continue
      }
      pending.prepend(item)
      pendingBytes += item.cost
    }
  }

  // MARK: What comes back

  /// A receiver has granted credit and acknowledged items.
  package func receiveBack(
    flow id: UInt32, over link: PeerLink, header: FlowHeader, _ frame: UnsafeRawBufferPointer
  ) {
    guard let flow = flow(id, link) else { return }
    flow.grant(bytes: header.total, items: header.items)
    if specification.isLeased {
      let said = FlowAcknowledgement(frame)
      let done = flow.acknowledge(below: said.below, above: said.above)
      balance.acknowledged += UInt64(done.count)
      // The set of unstarted items has changed, so a new recall may succeed.
      if !done.isEmpty { flow.isRecalling = false }
    }
    if specification.kind == .broadcast { drainBacklog(of: flow) }
    pump()
    recallIfHoarded()
    markDirty()
  }

  /// A receiver has given items back that it had not begun.
  package func receiveReturned(
    flow id: UInt32, over link: PeerLink, from first: UInt64, through last: UInt64
  ) {
    guard let flow = flow(id, link) else { return }
    let back = flow.takeBack(from: first, through: last)
    // One that has begun all that it has is not asked again before it has finished something.
    flow.isRecalling = back.isEmpty
    giveBack(back)
    pump()
    recallIfHoarded()
    markDirty()
  }

  /// An answer to a call has come.
  package func receiveReply(
    flow id: UInt32, over link: PeerLink, sequence: UInt64, _ answer: [UInt8]
  ) {
    guard let item = flow(id, link)?.takeLease(sequence) else { return }
    balance.acknowledged += 1
    if let call = item.call { calls.removeValue(forKey: call)?(.success(answer)) }
    markDirty()
  }

  func flow(_ id: UInt32, _ link: PeerLink) -> OutFlow? {
    flows.first { $0.id == id && $0.link === link }
  }

  /// One receiver has nothing to do while another has more than it has begun: asks for the rest.
  private func recallIfHoarded() {
    // One that has been asked and is stopped, say, does not keep the others' from being asked for.
    guard specification.isLeased, flows.count > 1, pending.isEmpty,
      flows.contains(where: { $0.outstanding == 0 && $0.canSend }),
      let rich = flows.filter({ !$0.isRecalling }).max(by: { $0.outstanding < $1.outstanding }),
      rich.outstanding > 1
    else { return }
    rich.isRecalling = true
    rich.link.send(.recall(flow: rich.id, keeping: rich.outstanding / 2))
  }

  // MARK: Distribution

  /// Sends what waits as far as there is credit, then lets waiting tasks go on.
  func pump() {
    while true {
      sendPending()
      guard hasRoom, let waiter = waiters.popFirst() else { return }
      accept(waiter.item)
      waiter.resume(nil)
    }
  }

  private func sendPending() {
    if specification.kind == .broadcast {
      while canBroadcast, let item = popPending() { broadcast(item) }
      return
    }
    while !pending.isEmpty, let flow = freeFlow() {
      guard let item = popPending() else { return }
      hand(item, to: flow)
    }
  }

  func hand(_ item: PendingItem, to flow: OutFlow) {
    flow.send(item)
    if !specification.isLeased { balance.acknowledged += 1 }
    markDirty()
  }

  private func popPending() -> PendingItem? {
    guard let item = pending.popFirst() else { return nil }
    pendingBytes -= item.cost
    return item
  }

  func accept(_ item: PendingItem) {
    lastNumber += 1
    pending.append(item)
    pending[pending.count - 1].number = lastNumber
    pendingBytes += item.cost
    markDirty()
  }

  /// The receiver that gets the next item: of those with credit, the one with the least to do.
  func freeFlow() -> OutFlow? {
    guard flows.count > 1 else { return flows.first.flatMap { $0.canSend ? $0 : nil } }
    var best: OutFlow?
    for offset in flows.indices {
      let flow = flows[(nextFlow + offset) % flows.count]
      guard flow.canSend, flow.outstanding < best?.outstanding ?? .max else { continue }
      best = flow
      if flow.outstanding == 0 { break }
    }
    nextFlow = (nextFlow + 1) % flows.count
    return best
  }
}
