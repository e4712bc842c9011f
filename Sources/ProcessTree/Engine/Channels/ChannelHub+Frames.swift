internal import ProcessTreeLinks
internal import ProcessTreeWire

extension ChannelHub {
  func prepare(_ peer: ChannelPeer) {
    let (link, id) = (peer.link, peer.id)
    link.onFrame = { [unowned self, unowned peer] header, frame in
      receive(header, frame, from: peer)
      peer.onFrameReceived?()
      peer.ring?.framePassed()
    }
    peer.onRing = { [unowned self, unowned peer] in use($0, with: peer) }
    link.onConfirmed = { [unowned peer, unowned self] in
      for sender in peer.outgoing.values { sender.confirmed() }
      receipts.confirmed(id)
    }
    if peer.isElsewhere, peer.child == nil, peer.edge == nil {
      link.onVerdict = { [unowned self, unowned peer] in closed(peer, $0) }
    }
    // The goodbye waits for the frames of an edge.
    guard peer.edge == nil else { return }
    link.onSettled = { [unowned self] in receipts.note(id, isConfirmed: $0) }
  }

  private func receive(
    _ header: FlowHeader, _ frame: UnsafeRawBufferPointer, from peer: ChannelPeer
  ) {
    do throws(WireError) {
      switch header.kind {
      case .items:
        guard let receiver = peer.incoming[header.flow] else {
          return ReceiverCore.discard(frame, header: header, over: peer.link)
        }
        try receiver.receive(flow: header.flow, over: peer.link, header: header, frame)
      case .back:
        peer.outgoing[header.flow]?.receiveBack(
          flow: header.flow, over: peer.link, header: header, frame)
      case .reply: receiveReply(header, frame, from: peer)
      case .control: receive(try LinkMessage(frame: frame), from: peer)
      case .received, .report, .welcome, .whoIsThere, .refused, .closed, .whereTo, .target, .rings:
        break
      }
    } catch {
      if let child = peer.child { return child.handle(.violation(error.description)) }
      runtime.emitOwn(
        .messageRejected(reason: "\(peer.address.name): \(error.description)"))
    }
  }

  private func receiveReply(
    _ header: FlowHeader, _ frame: UnsafeRawBufferPointer, from peer: ChannelPeer
  ) {
    let key = UInt64(header.flow) << 32 | (header.total & 0xFFFF_FFFF)
    let piece = UnsafeRawBufferPointer(rebasing: frame[FlowHeader.size...])
    let first = peer.partialReplies.isEmpty ? nil : peer.partialReplies.removeValue(forKey: key)
    var answer = first ?? []
    answer += piece
    guard !header.flags.contains(.continuesInNext) else {
      if answer.count <= WireLimits.itemSize { peer.partialReplies[key] = answer }
      return
    }
    peer.outgoing[header.flow]?.receiveReply(
      flow: header.flow, over: peer.link, sequence: header.total, answer)
  }

  private func receive(_ message: LinkMessage, from peer: ChannelPeer) {
    let link = peer.link
    switch message {
    case .minted, .arrive, .claim, .revoke, .release: receiveAtHome(message, from: peer.address)
    case .introduce, .expecting, .receiversGone, .ended, .refused:
      receiveFromHome(message, peer.address)
    case .open(let flow, let sender, let receiver):
      open(flow, from: sender, to: receiver, at: peer)
    case .accept(let flow, let page, let slot):
      guard let sender = peer.outgoing[flow] else { return }
      let key = FlowKey.make(sender: sender.ticket, flow: flow)
      guard !peer.isElsewhere else {
        // Its host reads the page.
        let read: (() -> WorkNote?)? = { [weak peer] in peer?.lastWork(of: key) }
        return sender.accept(flow: flow, over: link, page == nil ? nil : read)
      }
      let read = page.flatMap { reader(of: $0, slot: slot, flow: key) }
      // The page of a node that has died in the meantime is gone, and its receiver gets nothing
      // more.
      guard page == nil || read != nil || peer.process?.hasEnded != true else { return }
      sender.accept(flow: flow, over: link, read)
    case .recall(let flow, let keeping):
      peer.incoming[flow]?.recall(flow: flow, over: link, keeping: keeping)
    case .returned(let flow, let first, let last):
      peer.outgoing[flow]?.receiveReturned(flow: flow, over: link, from: first, through: last)
    case .missed(let flow, let count):
      peer.incoming[flow]?.noteMissed(count, flow: flow, over: link)
    case .cancel(let flow, let sequence, let isLate):
      peer.incoming[flow]?.cancel(flow: flow, over: link, sequence: sequence, isLate: isLate)
    case .close(let flow):
      peer.incoming.removeValue(forKey: flow)?.close(flow: flow, over: link)
    case .subscribe(let flow, let topics):
      peer.outgoing[flow]?.receiveSubscription(flow: flow, over: link, to: topics)
    case .drain(let flow): peer.outgoing[flow]?.receiveDrain(flow: flow, over: link)
    case .leave(let flow):
      peer.outgoing.removeValue(forKey: flow)?.remove(flow: flow, over: link, died: false)
    case .waiting(let origin, let mark, let names):
      passOn(origin: origin, mark: mark, names: names)
    case .offer(let region, let name): peer.memory?.offer(region, name)
    case .mapped(let region, let isMapped): peer.memory?.mapped(region, isMapped)
    case .free(let slots): peer.memory?.free(slots)
    case .ring, .ringFound, .ringFollows: receiveForRing(message, from: peer)
    }
  }

  private func open(
    _ flow: UInt32, from sender: TicketID, to ticket: TicketID, at peer: ChannelPeer
  ) {
    guard let receiver = receivers[ticket], !receiver.isClosed, !receiver.isDraining else {
      return peer.link.send(.leave(flow: flow))
    }
    peer.incoming[flow] = receiver
    receiver.open(flow: flow, from: sender, over: peer.link)
    guard receiver.specification.isLeased else { return }
    let (page, slot) = nameOfWorkPlace(of: ticket)
    peer.link.send(.accept(flow: flow, page: page, slot: slot))
  }
}
