internal import ProcessTreeLinks
internal import ProcessTreeWire

/// The rings through which links to nodes of this host carry their frames.
extension ChannelHub {
  /// This node and a peer have rings from now on.
  func use(_ ring: FrameRing, with peer: ChannelPeer) {
    ring.onReady = { [unowned self, unowned ring] in readyRings.append(ring) }
    ring.onBroken = { [weak self, weak peer, loop] error in
      // Not in the middle of a flush.
      _ = loop.timers.schedule(after: .zero) {
        if let self, let peer { self.ringBroke(peer, error.description) }
      }
    }
  }

  /// Receives a message by which nodes come to rings.
  func receiveForRing(_ message: LinkMessage, from peer: ChannelPeer) {
    guard let ring = peer.ring else {
      // The process of the peer is not known, or there is none on this host.
      if case .ring = message { peer.link.send(.ringFound(false)) }
      return
    }
    do throws(WireError) {
      try ring.receive(message)
    } catch {
      // Frames would follow where nobody reads them.
      ringBroke(peer, error.description)
    }
  }

  /// Receives a turn's share from each ring that is not waited for.
  func receiveFromRings() {
    guard !readyRings.isEmpty else { return }
    for ring in readyRings { ring.receive() }
  }

  /// Has peers ring for their next frame, before the loop waits.
  func restRings() {
    guard !readyRings.isEmpty, !loop.hasReadyJobs else { return }
    let rings = readyRings
    readyRings = []
    readyRings += rings.filter { !$0.rest() }
  }

  /// A ring has brought what no node writes, or cannot be used: nobody knows where the next frame
  /// begins.
  private func ringBroke(_ peer: ChannelPeer, _ reason: String) {
    if let child = peer.child { return runtime.listeners.broke(child, "data", reason) }
    refused(peer, reason, because: "broke the data link")
  }
}
