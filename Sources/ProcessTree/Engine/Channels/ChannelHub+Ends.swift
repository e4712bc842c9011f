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
      of: ticket.channel, .minted(ticket.channel, ticket.ticket, ticket.side, hop: ticket.hop))
    do {
      try prepareToSend(ticket)
    } catch {
      // Nobody could claim it: whoever waits for it is told.
      revoke([ticket])
    }
  }

  /// Makes sure that whoever gets an end can ask its home, if that is here, for the other ends.
  func prepareToSend(_ ticket: ChannelTicket) throws(ProcessTreeError) {
    if ticket.channel.home == address { try listen() }
  }

  /// Tickets whose carrier is gone: those that nobody has claimed are void.
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
      if receiver.specification.isLeased {
        receiver.currentItem = makeCurrentItem(for: ticket.ticket)
      }
      claim(ticket)
    }
  }

  /// An end has come from another node.
  ///
  /// It is used when the program does so; until then it may pass
  /// it on. A subscriber's is used at once: it shall miss nothing.
  func arrived(_ ticket: ChannelTicket) {
    if ticket.specification.kind == .broadcast, let receiver = receivers[ticket.ticket] {
      return receiver.activate()
    }
    tellHome(
      of: ticket.channel, .arrive(ticket.channel, ticket.ticket, ticket.side, hop: ticket.hop))
  }

  private func claim(_ ticket: ChannelTicket) {
    do {
      try listen()
    } catch {
      refused(ticket.ticket, reason: error.message)
      // An end that nobody will use: those who wait for it are told.
      return release(ticket.ticket, of: ticket.channel)
    }
    tellHome(
      of: ticket.channel, .claim(ticket.channel, ticket.ticket, ticket.side, hop: ticket.hop))
  }

  /// Nobody uses this sender any more: what it has taken still goes out.
  func letGo(sender: SenderCore) {
    let ticket = sender.ticket
    guard senders[ticket] === sender, let channel = channels[ticket] else { return }
    guard sender.phase != .held else {
      sender.close(.finished)
      return release(ticket, of: channel)
    }
    sender.finish()
    sender.whenSettled { [unowned self] in
      // Finished and then let go of, it is settled twice.
      guard senders[ticket] === sender else { return }
      closeFlows(of: sender)
      settleBooks(of: sender, channel)
      release(ticket, of: channel)
    }
  }

  /// Says what became of a sender's elements; books that do not balance are a failure of the node.
  private func settleBooks(of sender: SenderCore, _ channel: ChannelID) {
    let counts = ChannelCounts(sender.balance)
    guard counts.sent > 0 else { return }
    runtime.emitOwn(.channelFinished(counts))
    if !counts.isBalanced {
      runtime.ending.unbalanced =
        "\(channel) does not balance: \(counts.pending) of \(counts.sent) elements are unaccounted for"
    }
  }

  /// What is wrong when items have been put aside and nobody has taken them; nil when nothing is.
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
    for peer in peers {
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
    if let place = workSlots.removeValue(forKey: ticket) { freeWorkPlaces.append(place) }
    guard let receiver = receivers.removeValue(forKey: ticket) else { return }
    for peer in peers {
      for (flow, owner) in peer.incoming where owner === receiver { peer.incoming[flow] = nil }
    }
  }

  /// The home has refused an end, or is not there any more.
  func refused(_ ticket: TicketID, reason: String) {
    senders[ticket]?.close(.channelEnded(reason))
    receivers[ticket]?.fail(.channelEnded(reason))
  }

  // MARK: What the home says

  /// Opens a flow from a sender here to a receiver.
  func introduce(_ ticket: TicketID, to receiver: TicketID, at node: NodeAddress) {
    // A receiver that is not alive any more is none: its home finds out as well.
    guard let sender = senders[ticket], let peer = peer(at: node) else { return }
    let id = peer.takeFlowID()
    peer.outgoing[id] = sender
    peer.link.send(.open(flow: id, sender: ticket, receiver: receiver))
    sender.addFlow(id, to: receiver, over: peer.link)
  }
}
