internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

extension ChannelHub {
  /// The number of looks into a dead peer's socket, some thousand frames each.
  private static let looks = 16

  // MARK: Opening

  /// Listens for data links, from the first start of a child, the first use of a channel's end
  /// here, or the first departure of an end from its home.
  func listen() throws(ProcessTreeError) {
    guard listener == nil else { return }
    do {
      try runtime.makeDirectory()
      let path = runtime.names.socketPath
      // A node with this pid may have died and left its socket.
      if runtime.nodes == nil { unlink(path) }
      let handlers = PeerListener.Handlers(
        link: { [unowned self] in admit($0) },
        carrier: { [unowned runtime] in runtime.carrier(of: $0) },
        refused: { [unowned runtime] in runtime.noteRefusal($0) },
        broken: { [unowned self] in broken($0, $1) },
        closed: { [unowned self] node, verdict in
          let peer = table.link(from: node).flatMap { peers[$0] }
          if let peer, peer.link.onVerdict != nil { closed(peer, verdict) }
        },
        exhausted: { [unowned runtime] in runtime.giveUp($0) })
      listener = try PeerListener(
        at: path, build: runtime.identity.build, in: runtime.context, on: loop,
        secret: { [own = address.path, secret = runtime.secret] in
          secret.linkSecret(from: $0.path, to: own)
        }, handlers: handlers)
    } catch let error as ProcessTreeError {
      throw error
    } catch {
      throw ProcessTreeError(
        .systemCallFailed, "The node cannot listen for data links: \(error)")
    }
  }

  private func admit(_ hello: PeerHello) -> PeerLink? {
    if let known = table.link(from: hello.address).flatMap({ peers[$0] }) {
      if let child = known.child { runtime.listeners.linkCame(to: child) }
      return known.link
    }
    if let child = runtime.child(at: hello.address) { return admit(child, at: hello.address) }
    return open(hello.address, .there)?.link
  }

  /// The link to a node, opened when it is first needed; nil if the node is gone.
  func peer(at node: PeerAddress) -> ChannelPeer? {
    if let known = table.link(to: node) { return peers[known] }
    if let child = runtime.child(at: node) {
      child.askForLink()
      return join(child, at: node)
    }
    // The parent listens where the record names it, which need not be where it lives.
    if let parent = runtime.parent?.address, parent == node { return open(parent, .here) }
    return open(node, node == address ? .own : .here)
  }

  private func open(_ node: PeerAddress, _ origin: PeerTable.Origin) -> ChannelPeer? {
    // A node connects to nodes of its run, whatever somebody sends it.
    guard origin != .here || runtime.names.endpoint(of: node) != nil else { return nil }
    let process = origin == .own ? PeerProcess.unknown : process(at: node)
    if case .gone = process { return nil }
    let peer = add(node, origin, edge: origin == .here ? edge(to: node) : nil)
    guard origin != .own else {
      ownLink = peer.link
      peer.link.attach(peerReceived: 0) { [unowned self] in loopback.append($0) }
      return peer
    }
    watch(peer, process)
    if origin == .here { connect(peer) }
    return peer
  }

  /// Makes this node's end of a link.
  func add(
    _ node: PeerAddress, _ origin: PeerTable.Origin, edge: EdgeStreams?,
    child: ChildController? = nil
  ) -> ChannelPeer {
    let peer = ChannelPeer(
      PeerLink(to: node), table.open(node, origin), edge: edge, child: child,
      isElsewhere: runtime.names.isElsewhere(node))
    peers[peer.id] = peer
    prepare(peer)
    return peer
  }

  // MARK: Events and actions

  func handle(_ event: PeerTable.Event) {
    for action in table.handle(event) { perform(action) }
  }

  private func perform(_ action: PeerTable.Action) {
    switch action {
    case .connect(let id): peers[id].map(connect)
    case .look(let id): peers[id].map { watch($0, process(at: $0.address)) }
    case .checkReach(let id): if !isReachable(id) { handle(.lost(id)) }
    case .after(let delay, let event):
      _ = loop.timers.schedule(after: delay) { [weak self] in self?.handle(event) }
    case .drain(let id): drain(id)
    case .close(let id): peers.removeValue(forKey: id).map(close)
    case .nodeGone(let node):
      listener?.forget(node)
      homeLost(node)
      nodeGone(node)
    case .giveUp(let node):
      runtime.giveUp(
        LimitError("Too many open files: the process of \(node.name) cannot be watched."))
    }
  }

  /// Connects to a peer, which need not be able to connect here: both directions use this link.
  private func connect(_ peer: ChannelPeer) {
    if runtime.nodes == nil { Descriptors.refillStandardDescriptors() }
    do {
      let secret = linkSecret(to: peer.address.path)
      let connector = try PeerConnector(
        peer.link, by: secret,
        hello: PeerHello(build: runtime.identity.build, address: address),
        through: gate(to: peer), isElsewhere: peer.isElsewhere, in: runtime.context, on: loop,
        onRefusal: { [unowned self, unowned peer] in refused(peer, $0.reason) },
        onViolation: { [unowned runtime] in runtime.emitOwn(.messageRejected(reason: $0)) })
      peer.connector = connector
      add(connector)
      handle(.connected(peer.id))
      if secret == nil { runtime.wantPass(from: address.path, to: peer.address.path) }
    } catch {
      let actions = table.handle(.notConnected(peer.id))
      // A node cannot go on without the link to its parent.
      if peer.edge != nil, actions.contains(.drain(peer.id)) { return runtime.giveUp(error) }
      for action in actions { perform(action) }
    }
  }

  /// The gate through which a link goes; nil for one to a node of this host, and for that to the
  /// parent, for which a process of this host stands in.
  private func gate(to peer: ChannelPeer) -> String? {
    peer.isElsewhere && peer.edge == nil ? runtime.names.endpoint(of: peer.address) : nil
  }

  /// A gate reports that nothing more comes from a peer, whose frames have all come.
  func closed(_ peer: ChannelPeer, _ verdict: PeerVerdict) {
    guard peer.verdict == nil else { return }
    peer.verdict = verdict
    if case .unreachable(let reason) = verdict {
      runtime.emitOwn(
        .messageRejected(reason: "There is no way to \(peer.address.name): \(reason)"))
    }
    // Not in the middle of what its socket has brought.
    _ = loop.timers.schedule(after: .zero) { [weak self] in self?.handle(.lost(peer.id)) }
  }

  /// What this node proves itself with at another; nil if it needs a pass for that.
  private func linkSecret(to node: NodePath) -> LinkSecret? {
    runtime.secret.linkSecret(from: address.path, to: node)
      ?? passes[node].flatMap { runtime.secret.open($0, to: node) }
  }

  /// A pass has come that a link waits for.
  func use(_ pass: Pass, to node: NodePath) {
    guard let secret = runtime.secret.open(pass, to: node) else { return }
    for peer in peers.values where peer.address.path == node { peer.connector?.prove(by: secret) }
  }

  /// Whether a peer has connected once, or listens: a peer that listens and does not answer is
  /// busy.
  private func isReachable(_ id: PeerTable.LinkID) -> Bool {
    guard runtime.nodes == nil, let peer = peers[id], !peer.link.wasConnected, !peer.isElsewhere
    else { return true }
    let path = String(peer.address.endpoint.drop { $0 != ":" }.dropFirst("://".count))
    return access(path, F_OK) == 0
  }

  // MARK: Processes

  private enum PeerProcess {
    case alive(any ChildProcess)
    case gone
    /// The node could not look at it, because it lacks descriptors.
    case unknown
  }

  private func process(at node: PeerAddress) -> PeerProcess {
    if let nodes = runtime.nodes { return nodes.process(node.pid).map { .alive($0) } ?? .gone }
    let isElsewhere = runtime.names.isElsewhere(node)
    // With its gate, a host has gone; the gate reports what happens there.
    guard let pid = isElsewhere ? runtime.names.gateways.gate(to: node.host)?.pid : node.pid
    else { return .gone }
    do {
      let process = try ProcessHandle(pid: pid)
      // The pid may belong to another process by now, which has another start time.
      let isTheOne =
        isElsewhere || node.startTime == 0 || HostProcess.startTime(of: pid) == node.startTime
      guard !process.hasEnded, isTheOne else {
        process.close()
        return .gone
      }
      return .alive(process)
    } catch {
      return error.code == .noSuchProcess ? .gone : .unknown
    }
  }

  /// Watches a peer's process.
  private func watch(_ peer: ChannelPeer, _ process: PeerProcess) {
    let id = peer.id
    switch process {
    case .gone: handle(.lost(id))
    case .unknown: handle(.unseen(id))
    case .alive(let process):
      peer.found(process, on: loop)
      do {
        try process.watch(on: loop) { [unowned self] in
          handle(.ended(id))
          return true
        }
      } catch {
        handle(.unseen(id))
      }
    }
  }

  // MARK: The end of a peer

  /// Receives everything that a lost peer had sent: there is no later opportunity.
  private func drain(_ id: PeerTable.LinkID) {
    for _ in 0..<Self.looks {
      peers[id]?.connector?.receiveAll()
      listener?.receiveAll()
      peers[id]?.link.ring?.receiveAll()
    }
    handle(.drained(id))
  }

  private func close(_ peer: ChannelPeer) {
    for (flow, sender) in peer.outgoing {
      sender.remove(flow: flow, over: peer.link, died: peer.endBlamesItems)
    }
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
  }
}
