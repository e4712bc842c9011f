internal import DequeModule
internal import ProcessTreeWire

extension SenderCore {
  /// Whether an item may go to all subscribers now.
  var canBroadcast: Bool {
    // Nil: those who are there already are not known yet.
    guard expectedReceivers == 0 else { return false }
    // Policies with a bound give each subscriber a queue of its own instead of holding the sender.
    return specification.overflow != .suspend || flows.allSatisfy(\.backlog.isEmpty)
  }

  /// Gives an item to every subscriber; one without credit gets it later, or misses it.
  func broadcast(_ item: PendingItem) {
    balance.acknowledged += 1
    for flow in flows {
      if flow.backlog.isEmpty, flow.canSend {
        flow.tellMissed()
        flow.send(item)
      } else {
        queue(item.bytes, for: flow)
      }
    }
    markDirty()
  }

  /// An item is left out before it went to any subscriber: all that are here miss it, and those that
  /// had set out when it was sent.
  ///
  /// - Parameter number: The item's; nil for the one that was sent last and never queued.
  func leaveOut(_ number: UInt64?) {
    balance.dropped += 1
    guard specification.kind == .broadcast else { return }
    leftOut += 1
    for flow in flows { note(missed: 1, by: flow) }
    for (receiver, known) in setOut where number.map({ $0 > known.after }) ?? true {
      setOut[receiver]?.missed += 1
    }
  }

  /// What a subscriber has missed that has just come: what was left out since it set out.
  func noteMissedOnTheWay(by flow: OutFlow) {
    guard specification.kind == .broadcast else { return }
    // One that the sender was not told of had set out before the sender's first item.
    note(missed: setOut.removeValue(forKey: flow.receiver)?.missed ?? leftOut, by: flow)
  }

  /// A receiver has set out, or is here: from now on it may miss items.
  func noteNewest(_ receiver: TicketID) {
    guard let flow = flows.first(where: { $0.receiver == receiver }) else {
      setOut[receiver] = (lastNumber, 0)
      return
    }
    balance.missed -= flow.missed
    flow.missed = 0
  }

  private func note(missed count: UInt64, by flow: OutFlow) {
    flow.missed += count
    balance.missed += count
  }

  /// Tells a subscriber, before its flow is closed, how many items it has missed.
  package func tellMissed(flow id: UInt32, over link: PeerLink) {
    flow(id, link)?.tellMissed()
  }

  private func queue(_ bytes: [UInt8], for flow: OutFlow) {
    if let capacity = specification.overflow.capacity, flow.backlog.count >= capacity {
      note(missed: 1, by: flow)
      if case .dropNewest = specification.overflow { return }
      flow.backlog.removeFirst()
    }
    flow.backlog.append(bytes)
  }

  /// Sends a subscriber what waits for it, after telling it how much it has missed.
  func drainBacklog(of flow: OutFlow) {
    guard !flow.backlog.isEmpty, flow.canSend else { return }
    flow.tellMissed()
    while flow.canSend, let bytes = flow.backlog.popFirst() {
      flow.send(PendingItem(bytes: bytes))
    }
  }
}
