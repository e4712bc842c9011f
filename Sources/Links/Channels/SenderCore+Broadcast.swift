internal import DequeModule
internal import Wire

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
        flow.send(item)
      } else {
        queue(item.bytes, for: flow)
      }
    }
    markDirty()
  }

  private func queue(_ bytes: [UInt8], for flow: OutFlow) {
    if let capacity = specification.overflow.capacity, flow.backlog.count >= capacity {
      flow.missed += 1
      balance.missed += 1
      if case .dropNewest = specification.overflow { return }
      flow.backlog.removeFirst()
    }
    flow.backlog.append(bytes)
  }

  /// Sends a subscriber what waits for it, after telling it how much it has missed.
  func drainBacklog(of flow: OutFlow) {
    guard !flow.backlog.isEmpty, flow.canSend else { return }
    if flow.missed > 0 { flow.link.send(.missed(flow: flow.id, count: flow.missed)) }
    while flow.canSend, let bytes = flow.backlog.popFirst() {
      flow.send(PendingItem(bytes: bytes))
    }
  }
}
