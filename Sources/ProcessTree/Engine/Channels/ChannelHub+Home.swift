internal import ProcessTreeLinks
internal import ProcessTreeWire

extension ChannelHub {
  /// Sends a message to the home of a channel, which may be this node.
  func tellHome(of channel: ChannelID, _ message: LinkMessage) {
    guard channel.home != address else { return receiveAtHome(message, from: address) }
    guard let peer = peer(at: channel.home) else { return homeLost(channel.home) }
    peer.link.send(message)
  }

  /// Receives, as the channel's home, a message of a node with an end.
  func receiveAtHome(_ message: LinkMessage, from node: PeerAddress) {
    switch message {
    case .minted(let channel, let ticket, let side, let hop, let key):
      // A node that was handed one side may not make ends of the other.
      guard key == runtime.names.key(of: channel, side) else {
        return tell(node, .refused(channel, ticket, reason: "This end was not handed to the node."))
      }
      update(channel) { $0.minted(ticket, side, hop: hop, by: node.path) }
    case .arrive(let channel, let ticket, let side, let hop):
      guard checkHome(of: channel, ticket, side, at: node) else { return }
      update(channel) { $0.arrive(ticket, side, hop: hop, at: node) }
    case .claim(let channel, let ticket, let side, let hop):
      guard checkHome(of: channel, ticket, side, at: node) else { return }
      update(channel) { $0.claim(ticket, side, hop: hop, by: node) }
    case .revoke(let channel, let tickets):
      update(channel) { $0.revoke(tickets, by: node.path) }
    case .release(let channel, let ticket):
      update(channel) { $0.release([ticket], by: node) }
    default: break
    }
  }

  /// Whether a channel still exists; a node that comes too late is informed.
  ///
  /// A receiver then finds the end of the channel, as it would have found in time.
  private func checkHome(
    of channel: ChannelID, _ ticket: TicketID, _ side: ChannelSide, at node: PeerAddress
  ) -> Bool {
    guard homes[channel.number] == nil else { return true }
    switch side {
    case .receiver: tell(node, .ended(channel, receiver: ticket))
    case .sender:
      tell(node, .refused(channel, ticket, reason: "The channel has come to its end."))
    }
    return false
  }

  /// A node has gone with its ends; the tickets that it minted are void unless they arrive in time,
  /// in messages that it sent before: within a second, and from another host behind all that is
  /// under way over links.
  func nodeGone(_ node: PeerAddress) {
    for number in homes.keys {
      update(ChannelID(home: address, number: number)) { $0.nodeGone(node) }
    }
    guard homes.values.contains(where: { !$0.unclaimed(from: node.path).isEmpty }) else { return }
    guard runtime.names.isElsewhere(node) else {
      return later(.seconds(1)) { [unowned self] in revokeAll(of: node) }
    }
    guard !runtime.hosts.isEmpty else {
      // The links to hosts are another node's, and may be cut.
      return later(.seconds(15)) { [unowned self] in revokeAll(of: node) }
    }
    later(.seconds(1)) { [unowned self] in
      // Now messages arrive that were on their way over a host's link, then the words of those that
      // had got them.
      flushHosts { [unowned self] in
        later(.seconds(1)) { [unowned self] in
          flushHosts { [unowned self] in revokeAll(of: node) }
        }
      }
    }
  }

  private func later(_ time: Duration, _ body: @escaping () -> Void) {
    _ = loop.timers.schedule(after: time, body)
  }

  /// Calls `body` when all has arrived that is on its way over the links of the hosts that this
  /// node has opened.
  private func flushHosts(then body: @escaping () -> Void) {
    let hosts = Array(runtime.hosts.values)
    guard !hosts.isEmpty else { return body() }
    var waiting = hosts.count
    for host in hosts {
      host.flush {
        waiting -= 1
        if waiting == 0 { body() }
      }
    }
  }

  private func revokeAll(of node: PeerAddress) {
    for number in homes.keys {
      update(ChannelID(home: address, number: number)) { roster in
        roster.revoke(roster.unclaimed(from: node.path), by: node.path)
      }
    }
  }

  private func update(
    _ channel: ChannelID, _ change: (inout ChannelRoster) -> [ChannelRoster.Action]
  ) {
    guard var roster = homes[channel.number], channel.home == address else { return }
    let actions = change(&roster)
    homes[channel.number] = roster.isEmpty ? nil : roster
    for action in actions { perform(action, for: channel) }
  }

  private func perform(_ action: ChannelRoster.Action, for channel: ChannelID) {
    switch action {
    case .introduce(let sender, let node, let receiver, let other):
      // A pass is for a link that neither end of it can prove itself with otherwise.
      let pass =
        other == address ? nil : runtime.secret.pass(from: node.path, to: other.path)
      tell(node, .introduce(channel, sender: sender, receiver: receiver, at: other, pass))
    case .end(let receiver, let node): tell(node, .ended(channel, receiver: receiver))
    case .receiversGone(let sender, let node): tell(node, .receiversGone(channel, sender: sender))
    case .expecting(let sender, let node, let count, let newest):
      tell(node, .expecting(channel, sender: sender, receivers: count, newest: newest))
    case .refuse(let ticket, let node, let reason):
      tell(node, .refused(channel, ticket, reason: reason))
    }
  }

  private func tell(_ node: PeerAddress, _ message: LinkMessage) {
    guard node != address else { return receiveFromHome(message, address) }
    peer(at: node)?.link.send(message)
  }

  /// Receives a message to an end here, of a node that claims to be the channel's home.
  func receiveFromHome(_ message: LinkMessage, _ node: PeerAddress) {
    func isHome(of ticket: TicketID) -> Bool { channels[ticket]?.home == node }
    switch message {
    case .introduce(_, let sender, let receiver, let other, let pass) where isHome(of: sender):
      introduce(sender, to: receiver, at: other, pass)
    case .expecting(_, let sender, let count, let newest) where isHome(of: sender):
      senders[sender]?.expect(receivers: count, newest: newest)
    case .receiversGone(_, let sender) where isHome(of: sender):
      senders[sender]?.noFurtherReceiver(.peerGone)
    case .ended(_, let receiver) where isHome(of: receiver): receivers[receiver]?.end()
    case .refused(_, let ticket, let reason) where isHome(of: ticket):
      refused(ticket, .channelEnded(reason))
    default: break
    }
  }

  /// The home of channels is gone: no node can join them any more; those that have joined go on.
  func homeLost(_ home: PeerAddress) {
    for (ticket, channel) in channels where channel.home == home {
      let reason =
        "\(home.name), which made the channel, is gone or does not listen: nobody else can join."
      senders[ticket]?.homeLost(.channelEnded(reason))
      receivers[ticket]?.homeLost(.channelEnded(reason))
    }
  }
}
