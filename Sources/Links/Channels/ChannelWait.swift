package import ProcessTreeWire

/// What tasks wait for at one end of a channel, found out when somebody asks.
package struct ChannelWait: Equatable, Sendable {
  package enum Purpose: Equatable, Sendable {
    /// Room for an item at a receiver.
    case credit
    /// The reply to a request.
    case reply
    /// The word of the receivers that everything sent has been processed.
    case acknowledgement
    /// An item from a sender.
    case element
  }

  package let purpose: Purpose
  package let tasks: Int
  /// When the first of them began to wait, by the loop's coarse clock.
  package let since: Int64
  /// The nodes that can end the wait; none if no other end has come yet.
  package let peers: [PeerAddress]

  /// Nil if no task waits.
  fileprivate init?(_ purpose: Purpose, since times: some Collection<Int64>, _ peers: [PeerAddress])
  {
    guard let since = times.min() else { return nil }
    self.purpose = purpose
    self.since = since
    tasks = times.count
    var seen: Set<PeerAddress> = []
    self.peers = peers.filter { seen.insert($0).inserted }
  }
}

extension SenderCore {
  /// What tasks wait for at this end.
  package var waits: [ChannelWait] {
    let peers = flows.map(\.link.peer)
    // Those whose call waits for room wait for credit.
    let waiting = waiters.filter { $0.item.call == nil }
    let full = awaitedPeers
    let requests = policy as? RequestPolicy
    let servers = calls.keys.compactMap { requests?.work.place(ofCall: $0)?.place }
      .filter(flows.indices.contains).map { flows[$0].link.peer }
    return [
      ChannelWait(.credit, since: waiting.map(\.since), full.isEmpty ? peers : full),
      ChannelWait(.reply, since: calls.values.map(\.since), servers.isEmpty ? peers : servers),
      ChannelWait(.acknowledgement, since: joiners.values.map(\.since), peers),
    ].compactMap(\.self)
  }
}

extension SenderCore {
  /// The peers that have not confirmed all that was sent to them.
  package var unsettledPeers: [PeerAddress] {
    guard !isSettled else { return [] }
    return flows.filter { !$0.isFlushed || specification.isLeased || !$0.isConfirmed }.map(
      \.link.peer)
  }
}

extension ReceiverCore {
  /// What tasks wait for at this end.
  package var waits: [ChannelWait] {
    [ChannelWait(.element, since: waiters.map(\.since), peers)].compactMap(\.self)
  }
}
