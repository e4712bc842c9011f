internal import ProcessTreeLinks
internal import ProcessTreeWire

/// The links between a child and its parent, which carry the streams of their edge as well.
extension ChannelHub {
  // MARK: At the parent

  /// A child has opened the link.
  func admit(_ child: ChildController, at node: PeerAddress) -> PeerLink {
    runtime.listeners.linkCame(to: child)
    return join(child, at: node).link
  }

  /// Makes this node's end of the link to a child, which the child opens.
  func join(_ child: ChildController, at node: PeerAddress) -> ChannelPeer {
    // One of a process that was lost before it was known.
    if child.peer != nil { child.makeEdge() }
    let peer = add(node, .there, edge: child.edge, child: child)
    child.join(peer)
    return peer
  }

  /// A peer's connection has brought what no peer sends: frames are missing from now on.
  func broken(_ link: PeerLink, _ reason: String) {
    guard let child = table.link(from: link.peer).flatMap({ peers[$0]?.child }) else {
      return runtime.noteRefusal("\(link.peer.name): \(reason)")
    }
    runtime.listeners.broke(child, "data", reason)
  }

  /// A peer's process has ended: its frames from before are still to come.
  func hasEnded(_ peer: ChannelPeer) {
    handle(.ended(peer.id))
  }

  /// Nothing more is received from a peer.
  func forget(_ peer: ChannelPeer) { handle(.drained(peer.id)) }

  // MARK: At the child

  /// The streams that go over the link to a node, if that is the parent.
  func edge(to node: PeerAddress) -> EdgeStreams? {
    runtime.parent.flatMap { $0.address == node ? $0.edge : nil }
  }

  /// There is no link with a peer any more; without one to its parent a node cannot go on.
  func refused(
    _ peer: ChannelPeer, _ reason: String, because cause: String = "refused the data link"
  ) {
    let refusal = ProcessTreeError(
      .unreachable, "\(peer.address.name) \(cause): \(reason)")
    if let edge = peer.edge {
      // No goodbye waits for the frames that were sent.
      peer.link.close()
      edge.close(.peerGone)
      return runtime.giveUp(refusal)
    }
    runtime.emitOwn(.messageRejected(reason: refusal.message))
    // Not in the middle of what its socket has brought.
    _ = loop.timers.schedule(after: .zero) { [weak self] in self?.handle(.lost(peer.id)) }
  }
}
