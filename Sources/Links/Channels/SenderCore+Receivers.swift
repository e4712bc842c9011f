package import ProcessTreeWire

extension SenderCore {
  // MARK: Receivers

  /// A receiver has been introduced: items may go there from now on.
  package func addFlow(_ id: UInt32, to receiver: TicketID, over link: PeerLink) {
    flows.append(
      OutFlow(id: id, over: link, specification, at: flows.count, in: changed, on: loop.timers))
    policy.add(receiver)
    proceed()
  }

  /// The number of receivers on their way to a node, and the newest of the receivers, if one is
  /// new.
  package func expect(receivers count: Int, newest: TicketID? = nil) {
    policy.expect(count, newest: newest, after: queue.lastNumber)
    proceed()
  }

  /// A receiver has reported where it notes its work; nil if it does not, or if this node cannot
  /// read it.
  package func accept(flow id: UInt32, over link: PeerLink, _ read: (() -> WorkNote?)?) {
    change(id, link) { place in
      flows[place].readWork = read
      policy.accept(place, isReadable: read != nil)
    }
  }

  /// The node that made the channel is gone: no further receiver joins.
  package func homeLost(_ error: LinkError) {
    // Receivers on their way to a home that is gone do not arrive.
    expect(receivers: 0)
    noFurtherReceiver(error)
  }

  /// No receiver joins those that are here, each of which still reports what it has processed.
  package func noFurtherReceiver(_ error: LinkError) {
    lastReceivers = error
    if flows.isEmpty { close(error) }
  }

  /// A receiver has gone: by its death, which one of its items may have caused, or by leaving.
  package func remove(flow id: UInt32, over link: PeerLink, died: Bool) {
    change(id, link) { place in
      let flow = flows[place]
      let death = died ? ReceiverDeath(node: link.peer, lastWork: flow.lastWork) : nil
      let back = policy.remove(place, death)
      changed.remove(flow)
      flow.place = nil
      flows.remove(at: place)
      for later in place..<flows.count { flows[later].place = later }
      counts.redelivered += UInt64(back.again.count + back.unwanted)
      take(back)
      if policy.endsWithReceiver { close(.peerGone) }
      if flows.isEmpty, let lastReceivers { close(lastReceivers) }
    }
  }

  private func take(_ back: ReturnedItems) {
    queue.prepend(back.again)
    counts.returned += UInt64(back.unwanted)
    counts.quarantined += UInt64(back.quarantined.count)
    for item in back.quarantined {
      if let call = item.call, calls[call] != nil {
        endCall(call, .failure(LinkError.quarantined(item.deaths.map(\.node.name))))
      } else {
        quarantined.append(Quarantined(bytes: item.bytes, deaths: item.deaths))
      }
    }
  }

  // MARK: From a receiver

  /// A receiver has granted credit and acknowledged items.
  package func receiveBack(
    flow id: UInt32, over link: PeerLink, header: FlowHeader, _ frame: UnsafeRawBufferPointer
  ) {
    change(id, link) { place in
      flows[place].grant(bytes: header.total, items: header.items)
      if specification.isLeased {
        let back = FlowAcknowledgement(frame)
        counts.acknowledged += UInt64(
          policy.acknowledge(place, below: back.below, above: back.above))
      }
      sendWaiting(at: place)
    }
  }

  /// A receiver takes these topics from now on; more than it may name are ignored.
  package func receiveSubscription(flow id: UInt32, over link: PeerLink, to topics: [String]) {
    guard let filter = TopicFilter(topics) else { return }
    change(id, link) { place in
      policy.subscribe(place, to: filter)
      sendWaiting(at: place)
    }
  }

  /// A receiver finishes the items that it has begun, and takes no more.
  package func receiveDrain(flow id: UInt32, over link: PeerLink) {
    change(id, link) { policy.drain($0) }
  }

  /// A receiver has returned items that it had not started.
  package func receiveReturned(
    flow id: UInt32, over link: PeerLink, from first: UInt64, through last: UInt64
  ) {
    change(id, link) { take(policy.takeBack($0, from: first, through: last)) }
  }

  /// The reply to a call has arrived.
  package func receiveReply(
    flow id: UInt32, over link: PeerLink, sequence: UInt64, _ reply: [UInt8]
  ) {
    guard let place = place(of: id, link), let item = policy.reply(place, to: sequence) else {
      return
    }
    counts.acknowledged += 1
    if let call = item.call { calls.removeValue(forKey: call)?.end(.success(reply)) }
    // The receiver may be idle now: a reply is all that acknowledges a request.
    proceed()
  }
}

extension OutFlow {
  /// The receiver's last work, as far as this node can read it.
  fileprivate var lastWork: ReceiverDeath.LastWork {
    guard let readWork else { return .unknown }
    return readWork().map { .item($0) } ?? .nothing
  }
}
