internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

extension ChannelHub {
  /// After a peer's end, the time in which what it sent before is still taken from the sockets.
  static let lastWords: Duration = .milliseconds(20)

  /// How long a node tries to connect to a peer that lives.
  private static let patience: Duration = .seconds(5)

  /// How often a dead peer's socket is looked into, some thousand frames at a time.
  private static let looks = 16

  var peers: [ChannelPeer] { Array(outbound.values) + Array(inbound.values) }

  // MARK: Opening

  /// Listens for data links, from the first time on that a child is started, or an end of a channel is
  /// used or sent away from its home.
  func listen() throws(ProcessTreeError) {
    guard listener == nil else { return }
    do {
      try runtime.makeDirectory()
      let path = runtime.names.socketPath
      // A node with this pid may have died and left its socket.
      if runtime.nodes == nil { unlink(path) }
      let handlers = PeerListener.Handlers(
        link: { [unowned self] in admit($0) },
        refused: { [unowned runtime] in runtime.noteRefusal($0) },
        broken: { [unowned self] in broken($0, $1) },
        exhausted: { [unowned runtime] in runtime.giveUp($0) })
      listener = try PeerListener(
        at: path, runSecret: runtime.runSecret, build: runtime.identity.build,
        in: runtime.context, on: loop, handlers: handlers)
    } catch let error as ProcessTreeError {
      throw error
    } catch {
      throw ProcessTreeError(
        .systemCallFailed, "The node cannot listen for data links: \(error)")
    }
  }

  private static func socketPath(of node: NodeAddress) -> String {
    String(node.endpoint.drop { $0 != ":" }.dropFirst("://".count))
  }

  private func admit(_ hello: PeerHello) -> PeerLink? {
    if let known = inbound[hello.address] {
      if let child = known.child { runtime.listeners.linkCame(to: child) }
      return known.link
    }
    if let child = runtime.child(at: hello.address) { return admit(child, at: hello.address) }
    let process = process(at: hello.address)
    guard process != .gone else { return nil }
    let peer = ChannelPeer(PeerLink(to: hello.address))
    inbound[hello.address] = peer
    prepare(peer)
    watch(peer, process)
    return peer.link
  }

  /// The link to a node, made when it is first needed; nil when the node is gone.
  func peer(at node: NodeAddress) -> ChannelPeer? {
    if let known = outbound[node] ?? inbound[node] { return known }
    if let child = runtime.child(at: node) {
      child.askForLink()
      return join(child, at: node)
    }
    let isSelf = node == address
    let process = isSelf ? PeerProcess.unknown : process(at: node)
    guard process != .gone else { return nil }
    let peer = ChannelPeer(PeerLink(to: node), edge: edge(to: node))
    outbound[node] = peer
    prepare(peer)
    if isSelf {
      peer.link.attach(peerReceived: 0) { [unowned self] in loopback.append($0) }
    } else {
      watch(peer, process)
      connect(peer, until: loop.timers.now + Self.patience)
    }
    return peer
  }

  /// Connects to a peer, which need not be able to connect here: what is said to it, and what it
  /// answers, go over this link.
  private func connect(_ peer: ChannelPeer, until end: SuspendingClock.Instant) {
    guard !peer.link.isClosed else { return }
    Descriptors.refillStandardDescriptors()
    do {
      let hello = PeerHello(
        runSecret: runtime.runSecret, build: runtime.identity.build, address: address)
      peer.connector = try PeerConnector(
        peer.link, hello: hello, in: runtime.context, on: loop,
        onRefusal: { [unowned self, unowned peer] in refused(peer, $0) },
        onViolation: { [unowned runtime] in runtime.emitOwn(.messageRejected(reason: $0)) })
      if let connector = peer.connector { add(connector) }
      _ = loop.timers.schedule(after: Self.patience) { [weak self] in self?.checkReach(of: peer) }
    } catch {
      guard loop.timers.now < end else {
        return peer.edge == nil ? gone(peer) : runtime.giveUp(error)
      }
      // For want of descriptors, most likely: they may come back, and frames wait.
      _ = loop.timers.schedule(after: .milliseconds(100)) { [weak self] in
        self?.connect(peer, until: end)
      }
    }
  }

  /// Gives a peer up that lives and does not listen.
  ///
  /// One that listens and does not answer is busy; it is waited for as long as it lives.
  private func checkReach(of peer: ChannelPeer) {
    guard runtime.nodes == nil, !peer.link.wasConnected, !peer.link.isClosed,
      access(Self.socketPath(of: peer.address), F_OK) != 0
    else { return }
    gone(peer)
  }

  /// What is known of the process of a node.
  private enum PeerProcess: Equatable {
    case alive(any ChildProcess)
    case gone
    /// It could not be looked at, for want of descriptors.
    case unknown

    static func == (left: Self, right: Self) -> Bool {
      switch (left, right) {
      case (.gone, .gone), (.unknown, .unknown): true
      case (.alive(let one), .alive(let other)): one === other
      default: false
      }
    }
  }

  private func process(at node: NodeAddress) -> PeerProcess {
    if let nodes = runtime.nodes { return nodes.process(node.pid).map { .alive($0) } ?? .gone }
    do {
      let process = try ProcessHandle(pid: node.pid)
      // The pid may be another's by now: that one started at another time.
      let isTheOne =
        node.startTime == 0 || HostProcess.startTime(of: node.pid) == node.startTime
      guard !process.hasEnded, isTheOne else {
        process.close()
        return .gone
      }
      return .alive(process)
    } catch {
      return error.code == .noSuchProcess ? .gone : .unknown
    }
  }

  /// Watches a peer's process, as soon as that can be had.
  private func watch(_ peer: ChannelPeer, _ process: PeerProcess) {
    guard !peer.link.isClosed else { return }
    switch process {
    case .gone: gone(peer)
    case .unknown:
      guard let delay = peer.patience.next() else {
        return runtime.giveUp(
          LimitError("Too many open files: the process of \(peer.address.name) cannot be watched."))
      }
      _ = loop.timers.schedule(after: delay) { [weak self] in
        guard let self else { return }
        self.watch(peer, self.process(at: peer.address))
      }
    case .alive(let process):
      peer.found(process, on: loop)
      do {
        try process.watch(on: loop) { [unowned self] in
          hasEnded(peer)
          return true
        }
      } catch {
        watch(peer, .unknown)
      }
    }
  }

  func prepare(_ peer: ChannelPeer) {
    peer.link.onFrame = { [unowned self, unowned peer] header, frame in
      receive(header, frame, from: peer)
      peer.onFrameReceived?()
    }
    peer.link.onConfirmed = { [unowned peer, unowned self] in
      for sender in peer.outgoing.values { sender.confirmed() }
      askWhenEnding(peer.link)
    }
    // What was sent over an edge is waited for by the goodbye.
    guard peer.edge == nil else { return }
    peer.link.onSettled = { [unowned self, unowned link = peer.link] isSettled in
      noteSettled(link, isSettled)
    }
  }

  // MARK: The end of a peer

  /// A peer is dead, or cannot be reached; what it said before has been taken.
  func gone(_ peer: ChannelPeer) {
    guard !peer.link.isClosed else { return }
    // All that it had sent by then: there will be no other time.
    for _ in 0..<Self.looks {
      peer.connector?.receiveAll()
      listener?.receiveAll()
    }
    forget(peer)
  }

  /// Nothing more is taken from a peer.
  func forget(_ peer: ChannelPeer) {
    if outbound[peer.address] === peer { outbound[peer.address] = nil }
    if inbound[peer.address] === peer {
      inbound[peer.address] = nil
      listener?.forget(peer.address)
    }
    for (flow, sender) in peer.outgoing { sender.remove(flow: flow, over: peer.link, died: true) }
    for (flow, receiver) in peer.incoming { receiver.close(flow: flow, over: peer.link) }
    peer.outgoing = [:]
    peer.incoming = [:]
    peer.link.close()
    peer.connector?.close()
    peer.connector = nil
    if let process = peer.process, !peer.isChild {
      process.unwatch(on: loop)
      process.close()
    }
    // Both directions may have had a link of their own; the rest is said once.
    guard outbound[peer.address] == nil, inbound[peer.address] == nil else { return }
    homeLost(peer.address)
    nodeGone(peer.address)
  }

  // MARK: Frames

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
      case .received, .report, .welcome, .whoIsThere, .refused: break
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
    var answer = peer.partialReplies.removeValue(forKey: key) ?? []
    answer += frame.dropFirst(FlowHeader.size)
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
    case .introduce, .expecting, .receiversGone, .ended, .refused: receiveFromHome(message)
    case .open(let flow, let sender, let receiver):
      open(flow, from: sender, to: receiver, at: peer)
    case .accept(let flow, let page, let slot):
      let read = page.flatMap { self.reader(of: $0, slot: slot, flow: flow) }
      // The page of one that has died meanwhile is gone, and it gets nothing more.
      guard page == nil || read != nil || peer.process?.hasEnded != true else { return }
      peer.outgoing[flow]?.accept(flow: flow, over: link, read)
    case .recall(let flow, let keeping):
      peer.incoming[flow]?.recall(flow: flow, over: link, keeping: keeping)
    case .returned(let flow, let first, let last):
      peer.outgoing[flow]?.receiveReturned(flow: flow, over: link, from: first, through: last)
    case .missed(let flow, let count):
      peer.incoming[flow]?.noteMissed(count, flow: flow, over: link)
    case .cancel(let flow, let sequence):
      peer.incoming[flow]?.cancel(flow: flow, over: link, sequence: sequence)
    case .close(let flow):
      peer.incoming.removeValue(forKey: flow)?.close(flow: flow, over: link)
    case .leave(let flow):
      peer.outgoing.removeValue(forKey: flow)?.remove(flow: flow, over: link, died: false)
    case .waiting(let origin, let mark, let names):
      passOn(origin: origin, mark: mark, names: names)
    case .offer(let region, let name): peer.memory?.offer(region, name)
    case .mapped(let region, let isMapped): peer.memory?.mapped(region, isMapped)
    case .free(let slots): peer.memory?.free(slots)
    }
  }

  private func open(
    _ flow: UInt32, from sender: TicketID, to ticket: TicketID, at peer: ChannelPeer
  ) {
    guard let receiver = receivers[ticket], !receiver.isClosed else {
      return peer.link.send(.leave(flow: flow))
    }
    peer.incoming[flow] = receiver
    receiver.open(flow: flow, from: sender, over: peer.link)
    guard receiver.specification.isLeased else { return }
    let (page, slot) = workPageName(of: ticket)
    peer.link.send(.accept(flow: flow, page: page, slot: slot))
  }
}
