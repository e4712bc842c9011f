internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
internal import ProcessTreeWire
internal import Synchronization

/// What both kinds of ends have: a place in their channel, and a way to other nodes.
@usableFromInline
class ChannelEnd: @unchecked Sendable {
  // Sendable: constants of such types; the compiler checks final classes only.

  let ticket: ChannelTicket
  let context: ChannelContext
  private let state = Atomic(State.held)

  private enum State: UInt8, AtomicRepresentable {
    case held, used, moved
  }

  init(_ ticket: ChannelTicket, at context: ChannelContext) {
    self.ticket = ticket
    self.context = context
  }

  var node: LoopBound<NodeRuntime> { context.node }
  var loop: EventLoop { node.loop }

  /// Whether the end went to another node, as that of a pipe does when it is sent.
  var hasMoved: Bool { state.load(ordering: .acquiring) == .moved }

  /// Notes that the end is used here; throws when it is elsewhere.
  func use() throws(ProcessTreeError) {
    guard state.load(ordering: .relaxed) != .used else { return }
    guard leave(.held, for: .used) != .moved else {
      throw ProcessTreeError(
        .endMoved, "This end of the pipe was sent to another node, where it is now.")
    }
  }

  /// Writes a ticket by which the node that decodes it gets an end.
  ///
  /// The end of a pipe goes, that of any other channel stays here as well.
  func encode(to encoder: any Encoder) throws {
    guard let key = CodingUserInfoKey.ticketOffice,
      let office = encoder.userInfo[key] as? TicketOffice
    else {
      throw EncodingError.invalidValue(
        self,
        .init(
          codingPath: encoder.codingPath,
          debugDescription: "the end of a channel travels in programs and messages alone"))
    }
    // Elsewhere than on the loop, it is found out when the ticket is on its way, and that is void
    // then.
    if loop.isCurrent { try node.value.openChannels().prepareToSend(ticket) }
    let isPipe = ticket.specification.kind == .pipe
    if isPipe { try move() }
    let ticket = ChannelTicket(
      channel: ticket.channel, specification: ticket.specification, side: ticket.side,
      ticket: isPipe ? ticket.ticket : context.names.makeTicket(),
      hop: isPipe ? ticket.hop &+ 1 : 0, key: ticket.key)
    office.mint(ticket)
    try ticket.encode(to: encoder)
  }

  private func move() throws(ProcessTreeError) {
    switch leave(.held, for: .moved) {
    case .held: return
    case .moved:
      throw ProcessTreeError(
        .endMoved, "This end of the pipe was sent to another node already: a pipe has one of each.")
    case .used:
      throw ProcessTreeError(
        .endMoved, "This end of the pipe is in use here: send it away before its first use.")
    }
  }

  /// Goes from one state to another, unless it is in a third one; returns the state before.
  private func leave(_ state: State, for next: State) -> State {
    self.state.compareExchange(
      expected: state, desired: next, ordering: .acquiringAndReleasing
    ).original
  }
}

/// A sender's end as the program holds it; its last reference gone, the end is finished.
@usableFromInline
final class SenderEnd: ChannelEnd, @unchecked Sendable {
  // Sendable: the core and the writer are used by code that has checked that it is on the loop.

  let core: LoopBound<SenderCore>
  /// The same, for code that checks by itself whether the caller is on the loop.
  let coreOnLoop: SenderCore
  // Unchecked, because each element touches it: a check costs 84 instructions, about 10 ns.
  /// Where small elements are encoded, one after the other; used on the loop alone.
  @exclusivity(unchecked) var writer = MessagePackWriter(capacity: 1_024)
  let encoder = MessagePackEncoder()
  /// Codes requests and replies; used on the loop alone, and made at the first request.
  @exclusivity(unchecked) private var keptEnvelopes: EnvelopeCoder?

  /// - Parameter hasArrived: The end came from another node.
  init(_ ticket: ChannelTicket, at context: ChannelContext, hasArrived: Bool) {
    coreOnLoop = SenderCore(ticket, on: context.node.loop)
    let bound = LoopBound(coreOnLoop, on: context.node.loop)
    core = bound
    super.init(ticket, at: context)
    context.node.perform { runtime in
      runtime.openChannels().add(bound.value, ticket)
      if hasArrived { runtime.openChannels().arrived(ticket) }
    }
  }

  deinit {
    if !hasMoved { finish() }
  }

  /// What codes requests and replies: on the loop the same for all of them.
  var envelopes: EnvelopeCoder {
    guard loop.isCurrent else { return EnvelopeCoder(context) }
    if let keptEnvelopes { return keptEnvelopes }
    let envelopes = EnvelopeCoder(context)
    keptEnvelopes = envelopes
    return envelopes
  }

  func finish() {
    // Without the end itself, which may be on its way out of memory.
    let core = core
    node.perform { $0.openChannels().letGo(sender: core.value) }
  }
}

/// A receiver's end as the program holds it; its last reference gone, the end takes nothing more.
@usableFromInline
final class ReceiverEnd: ChannelEnd, @unchecked Sendable {
  // Sendable: as the class above it, with one more constant.

  let core: LoopBound<ReceiverCore>
  /// Whether items are acknowledged.
  var isLeased: Bool { ticket.specification.isLeased }

  init(_ ticket: ChannelTicket, at context: ChannelContext, hasArrived: Bool) {
    let bound = LoopBound(ReceiverCore(ticket, on: context.node.loop), on: context.node.loop)
    core = bound
    super.init(ticket, at: context)
    context.node.perform { runtime in
      runtime.openChannels().add(bound.value, ticket)
      if hasArrived { runtime.openChannels().arrived(ticket) }
    }
  }

  deinit {
    if !hasMoved { close() }
  }

  func close() {
    let core = core
    node.perform { $0.openChannels().letGo(receiver: core.value) }
  }
}
