package import ProcessTreeWire

/// The holders of a channel's ends, at its home: nodes that use one, and ends under way.
///
/// A value: events in, messages to nodes out.
package struct ChannelRoster {
  /// A message of the home, with its receiver.
  package enum Action: Equatable {
    /// The sender shall send to this receiver.
    case introduce(sender: TicketID, at: PeerAddress, receiver: TicketID, of: PeerAddress)
    /// No sender is left.
    case end(receiver: TicketID, at: PeerAddress)
    /// No receiver is left.
    case receiversGone(sender: TicketID, at: PeerAddress)
    /// So many receivers are under way, and which of the receivers is new, if one is: it has missed
    /// nothing so far.
    case expecting(sender: TicketID, at: PeerAddress, receivers: Int, newest: TicketID?)
    /// The ticket is not, or not any more, to be had.
    case refuse(TicketID, at: PeerAddress, reason: String)
  }

  private enum Place: Equatable {
    /// Not used yet by the node that made the channel.
    case held
    /// On its way, minted by this node.
    case underWay(from: NodePath)
    case member(PeerAddress)
  }

  private struct End {
    let side: ChannelSide
    var place: Place
    /// How often the end of a pipe has gone on to get there.
    var hop: UInt32 = 0
    /// Whether the member uses the end; one that may only pass it on is introduced to nobody.
    var isUsed = false
  }

  private let kind: ChannelSpecification.Kind
  private var ends: [TicketID: End] = [:]
  /// Tickets in the order in which they became members: introductions keep it.
  private var order: [TicketID] = []
  /// Ends that arrived before the word that they had been sent: the two come over different links.
  private var early: [TicketID: (side: ChannelSide, node: PeerAddress, isUsed: Bool)] = [:]
  /// The tickets that were void last: a node that claims one need not wait.
  private var void: [TicketID] = []
  private static let longestVoid = 256
  private var announcedEnd = false
  private var announcedGone = false

  package init(_ kind: ChannelSpecification.Kind) {
    self.kind = kind
  }

  /// Whether no end is left anywhere.
  package var isEmpty: Bool { ends.isEmpty }

  /// The home holds an end that it has not used.
  package mutating func hold(_ ticket: TicketID, _ side: ChannelSide) {
    ends[ticket] = End(side: side, place: .held)
  }

  /// An end is on its way; of a pipe, one that was held, or had arrived, before.
  package mutating func minted(
    _ ticket: TicketID, _ side: ChannelSide, hop: UInt32 = 0, by node: NodePath
  ) -> [Action] {
    if let end = ends[ticket] {
      // The end of a pipe may have arrived already, or gone on from there.
      if kind == .pipe { guard hop > end.hop else { return [] } }
      if kind != .pipe, case .member = end.place { return [] }
    }
    guard !isOver(side) else { return refuseEarly([ticket]) }
    ends[ticket] = End(side: side, place: .underWay(from: node), hop: hop)
    order.removeAll { $0 == ticket }
    let actions = expectations(newest: side == .receiver ? ticket : nil)
    guard let arrived = early.removeValue(forKey: ticket) else { return actions }
    return actions + settle(ticket, arrived.side, hop, at: arrived.node, isUsed: arrived.isUsed)
  }

  /// An end has arrived at a node, which has not used it yet and may pass it on.
  package mutating func arrive(
    _ ticket: TicketID, _ side: ChannelSide, hop: UInt32 = 0, at node: PeerAddress
  ) -> [Action] {
    settle(ticket, side, hop, at: node, isUsed: false)
  }

  /// A node uses an end.
  package mutating func claim(
    _ ticket: TicketID, _ side: ChannelSide, hop: UInt32 = 0, by node: PeerAddress
  ) -> [Action] {
    settle(ticket, side, hop, at: node, isUsed: true)
  }

  private mutating func settle(
    _ ticket: TicketID, _ side: ChannelSide, _ hop: UInt32, at node: PeerAddress, isUsed: Bool
  ) -> [Action] {
    guard let end = ends[ticket] else {
      if isOver(side) || void.contains(ticket) { return [Self.refusal(of: ticket, at: node)] }
      return wait(ticket, side, by: node, isUsed: isUsed)
    }
    guard end.side == side else { return [Self.refusal(of: ticket, at: node)] }
    // The end of a pipe that has gone on, and is known to be further already.
    guard hop >= end.hop else { return [] }
    if hop == end.hop, case .member(let other) = end.place {
      guard other == node else {
        return [.refuse(ticket, at: node, reason: "\(other.name) has this end already.")]
      }
      // A message that was delivered twice brings the same ticket twice.
      guard isUsed, !end.isUsed else { return [] }
    }
    ends[ticket] = End(side: side, place: .member(node), hop: hop, isUsed: isUsed)
    guard isUsed else { return side == .receiver ? expectations() : [] }
    order.append(ticket)
    var actions = introductions(of: ticket, side, at: node)
    // Last: a sender that expects nobody goes on, with those whom it knows by then.
    if side == .receiver { actions += expectations(newest: end.place == .held ? ticket : nil) }
    if side == .sender, kind.reachesMany {
      actions.append(
        .expecting(sender: ticket, at: node, receivers: underWayReceivers, newest: nil))
    }
    // The other side may have gone before this end came.
    return actions + late(ticket, side, at: node)
  }

  /// A node uses ends no more: they were finished, or the tickets will not be claimed.
  ///
  /// Ends that another node has are not its to release.
  package mutating func release(_ tickets: [TicketID], by node: PeerAddress) -> [Action] {
    release(
      tickets.filter { ticket in
        guard case .member(let member) = ends[ticket]?.place else { return true }
        return member == node
      })
  }

  /// Nobody uses ends any more.
  package mutating func release(_ tickets: [TicketID]) -> [Action] {
    for ticket in tickets { forget(ticket) }
    let actions = expectations() + consequences()
    let lost = ends.isEmpty ? Array(early.keys) : tickets
    return actions + refuseEarly(lost)
  }

  /// Tickets that were lost with what carried them; one that was claimed meanwhile stays.
  ///
  /// - Parameter node: The node that had sent them; another one that has sent an end on since
  ///   revokes it.
  package mutating func revoke(_ tickets: [TicketID], by node: NodePath? = nil) -> [Action] {
    release(
      tickets.filter { ticket in
        guard case .underWay(let sender) = ends[ticket]?.place else { return false }
        return node == nil || node == sender
      })
  }

  /// A node has gone, with every end that it had.
  package mutating func nodeGone(_ node: PeerAddress) -> [Action] {
    for (ticket, claim) in early where claim.node == node { early[ticket] = nil }
    let actions = release(ends.filter { $0.value.place == .member(node) }.map(\.key))
    // What it sent before its end has come: no word of these will.
    return actions + refuseEarly(early.keys.filter { $0.node == node.path && ends[$0] == nil })
  }

  /// Tickets that a node sent and that have not arrived.
  package func unclaimed(from node: NodePath) -> [TicketID] {
    ends.filter { $0.value.place == .underWay(from: node) }.map(\.key)
  }

  // MARK: What follows

  private mutating func forget(_ ticket: TicketID) {
    ends[ticket] = nil
    order.removeAll { $0 == ticket }
    void.append(ticket)
    if void.count > Self.longestVoid { void.removeFirst() }
  }

  private mutating func wait(
    _ ticket: TicketID, _ side: ChannelSide, by node: PeerAddress, isUsed: Bool
  ) -> [Action] {
    if let other = early[ticket]?.node, other != node {
      return [Self.refusal(of: ticket, at: node)]
    }
    early[ticket] = (side, node, isUsed || early[ticket]?.isUsed ?? false)
    return []
  }

  private mutating func refuseEarly(_ tickets: [TicketID]) -> [Action] {
    tickets.compactMap { ticket in
      early.removeValue(forKey: ticket).map { Self.refusal(of: ticket, at: $0.node) }
    }
  }

  private static func refusal(of ticket: TicketID, at node: PeerAddress) -> Action {
    .refuse(ticket, at: node, reason: "The channel has come to its end, or its carrier was lost.")
  }

  private func members(_ side: ChannelSide) -> [(TicketID, PeerAddress)] {
    order.compactMap { ticket in
      guard let end = ends[ticket], end.side == side, case .member(let node) = end.place else {
        return nil
      }
      return (ticket, node)
    }
  }

  private func introductions(
    of ticket: TicketID, _ side: ChannelSide, at node: PeerAddress
  ) -> [Action] {
    switch side {
    case .sender:
      members(.receiver).map { .introduce(sender: ticket, at: node, receiver: $0.0, of: $0.1) }
    case .receiver:
      members(.sender).map { .introduce(sender: $0.0, at: $0.1, receiver: ticket, of: node) }
    }
  }

  private var underWayReceivers: Int {
    ends.values.count { end in
      if case .underWay = end.place { return end.side == .receiver }
      return false
    }
  }

  /// Subscribers that are on their way must miss nothing: senders of a broadcast wait for them.
  private func expectations(newest: TicketID? = nil) -> [Action] {
    guard kind.reachesMany else { return [] }
    return members(.sender).map {
      .expecting(sender: $0.0, at: $0.1, receivers: underWayReceivers, newest: newest)
    }
  }

  private func isOver(_ side: ChannelSide) -> Bool {
    side == .sender ? announcedEnd : announcedGone
  }

  private func exists(_ side: ChannelSide) -> Bool { ends.values.contains { $0.side == side } }

  private mutating func consequences() -> [Action] {
    var actions: [Action] = []
    if !announcedEnd, !exists(.sender) {
      announcedEnd = true
      actions += members(.receiver).map { .end(receiver: $0.0, at: $0.1) }
    }
    if !announcedGone, !exists(.receiver) {
      announcedGone = true
      actions += members(.sender).map { .receiversGone(sender: $0.0, at: $0.1) }
    }
    return actions
  }

  private func late(_ ticket: TicketID, _ side: ChannelSide, at node: PeerAddress) -> [Action] {
    switch side {
    case .receiver: announcedEnd ? [.end(receiver: ticket, at: node)] : []
    case .sender: announcedGone ? [.receiversGone(sender: ticket, at: node)] : []
    }
  }
}
