internal import ProcessTreeLinks
internal import ProcessTreeWire

extension ChannelHub {
  // MARK: Making and moving

  /// A channel is made here: its first two ends are held until they are used or sent away.
  func addHome(_ channel: ChannelID, _ kind: ChannelSpecification.Kind, _ ends: [ChannelTicket]) {
    var roster = ChannelRoster(kind)
    for end in ends { roster.hold(end.ticket, end.side) }
    homes[channel.number] = roster
  }

  /// An end is on its way to another node.
  func minted(_ ticket: ChannelTicket) {
    if ticket.specification.kind == .pipe { forget(ticket.ticket) }
    tellHome(
      of: ticket.channel,
      .minted(ticket.channel, ticket.ticket, ticket.side, hop: ticket.hop, key: ticket.key))
    do {
      try prepareToSend(ticket)
    } catch {
      // Nobody could claim the end, so the other side must not wait for it.
      revoke([ticket])
    }
  }

  /// Listens if the end's home is here, so that the node that gets the end can join.
  func prepareToSend(_ ticket: ChannelTicket) throws(ProcessTreeError) {
    if ticket.channel.home == address { try listen() }
  }

  /// The carrier of tickets is gone: those that no node has claimed are void.
  func revoke(_ tickets: [ChannelTicket]) {
    for (channel, tickets) in Dictionary(grouping: tickets, by: \.channel) {
      var rest = tickets[...]
      while !rest.isEmpty {
        tellHome(of: channel, .revoke(channel, rest.prefix(Self.ticketsPerMessage).map(\.ticket)))
        rest = rest.dropFirst(Self.ticketsPerMessage)
      }
    }
  }

  private static let ticketsPerMessage = 256

  // MARK: Ends that are used here

  func add(_ sender: SenderCore, _ ticket: ChannelTicket) {
    // How the consumers of quarantined items ended can be asked for.
    runtime.events.remembersDeaths = true
    senders[ticket.ticket] = sender
    channels[ticket.ticket] = ticket.channel
    sender.onDirty = { [unowned self] in markDirty($0) }
    sender.onActivation = { [unowned self] in claim(ticket) }
    sender.onQuarantine = { [unowned self] sender in
      let count = sender.quarantined.count
      quarantined[sender.ticket] = count > 0 ? count : nil
    }
    sender.onWaiting = { [unowned self] in watchForCycles() }
    sender.onTicketsLost = { [unowned self] in revoke($0) }
    if isEnding { letGo(sender: sender) }
  }

  func add(_ receiver: ReceiverCore, _ ticket: ChannelTicket) {
    receivers[ticket.ticket] = receiver
    channels[ticket.ticket] = ticket.channel
    receiver.onDirty = { [unowned self] in markDirty($0) }
    receiver.onActivation = { [unowned self, unowned receiver] in
      if receiver.specification.isLeased, let notes = takeWorkPlace(for: ticket.ticket) {
        receiver.noteWork(in: notes)
      }
      claim(ticket)
    }
    if runtime.life.isDraining { receiver.drain() }
  }

  /// An end has come from another node.
  ///
  /// The node uses it when the program does; until then the program may pass it on. The end of a
  /// subscriber is used at once, so that it misses nothing.
  func arrived(_ ticket: ChannelTicket) {
    if ticket.specification.kind.reachesMany, let receiver = receivers[ticket.ticket] {
      return receiver.activate()
    }
    tellHome(
      of: ticket.channel, .arrive(ticket.channel, ticket.ticket, ticket.side, hop: ticket.hop))
  }

  private func claim(_ ticket: ChannelTicket) {
    do {
      try listen()
    } catch {
      refused(ticket.ticket, .notJoined(error.message))
      // Nobody will use this end, so the other side must not wait for it.
      return release(ticket.ticket, of: ticket.channel)
    }
    tellHome(
      of: ticket.channel, .claim(ticket.channel, ticket.ticket, ticket.side, hop: ticket.hop))
  }

  /// The program no longer uses this sender: what it has accepted still goes out.
  func letGo(sender: SenderCore) {
    let ticket = sender.ticket
    guard senders[ticket] === sender, let channel = channels[ticket] else { return }
    guard sender.phase != .held else {
      sender.close(.finished)
      return release(ticket, of: channel)
    }
    sender.finish()
    sender.whenSettled { [unowned self] in
      // A sender that is finished and then released is settled twice.
      guard senders[ticket] === sender else { return }
      closeFlows(of: sender)
      settleBooks(of: sender, channel)
      release(ticket, of: channel)
    }
  }

  /// Reports the numbers of a sender's elements; if they do not balance, the node has failed.
  private func settleBooks(of sender: SenderCore, _ channel: ChannelID) {
    let counts = ChannelCounts(sender.balance)
    guard counts.sent > 0 else { return }
    runtime.emitOwn(.channelFinished(counts))
    if !counts.isBalanced {
      runtime.ending.unbalanced =
        "\(channel) does not balance: \(counts.pending) of \(counts.sent) elements are unaccounted for"
    }
  }

  /// The error of a program that leaves quarantined items behind; nil if there are none.
  var quarantineFault: ProcessTreeError? {
    let count = quarantined.values.reduce(0, +)
    guard count > 0 else { return nil }
    return ProcessTreeError(
      .itemQuarantined,
      "\(count) of the elements that were sent killed their consumers and were put aside, and nobody "
        + "has taken them: `sender.takeQuarantined()` tells which, and how the consumers ended.")
  }

  func letGo(receiver: ReceiverCore) {
    let ticket = receiver.ticket
    guard receivers[ticket] === receiver, let channel = channels[ticket] else { return }
    receiver.close()
    release(ticket, of: channel)
  }

  private func closeFlows(of sender: SenderCore) {
    for peer in peers.values {
      for (flow, owner) in peer.outgoing where owner === sender {
        sender.tellMissed(flow: flow, over: peer.link)
        peer.link.send(.close(flow: flow))
        peer.outgoing[flow] = nil
      }
    }
  }

  private func release(_ ticket: TicketID, of channel: ChannelID) {
    forget(ticket)
    tellHome(of: channel, .release(channel, ticket))
  }

  private func forget(_ ticket: TicketID) {
    senders[ticket] = nil
    channels[ticket] = nil
    releaseWorkPlace(of: ticket)
    guard let receiver = receivers.removeValue(forKey: ticket) else { return }
    for peer in peers.values {
      for (flow, owner) in peer.incoming where owner === receiver { peer.incoming[flow] = nil }
    }
  }

  /// The home has refused an end, or this node cannot use it.
  func refused(_ ticket: TicketID, _ error: LinkError) {
    senders[ticket]?.close(error)
    receivers[ticket]?.fail(error)
  }

  // MARK: From the home

  /// Opens a flow from a sender here to a receiver.
  func introduce(
    _ ticket: TicketID, to receiver: TicketID, at node: PeerAddress, _ pass: Pass?
  ) {
    passes[node.path] = pass
    defer { passes[node.path] = nil }
    // A node that has died has no receiver; the home learns of the death as well.
    guard let sender = senders[ticket], let peer = peer(at: node) else { return }
    let id = peer.takeFlowID()
    peer.outgoing[id] = sender
    peer.link.send(.open(flow: id, sender: ticket, receiver: receiver))
    sender.addFlow(id, to: receiver, over: peer.link)
  }
}
