internal import ProcessTreeLinks
internal import ProcessTreeWire

/// The rings through which links to nodes of this host carry their frames.
extension ChannelHub {
  /// This node and a peer have rings from now on.
  func use(_ ring: FrameRing, with peer: ChannelPeer) {
    ring.onReady = { [unowned self, unowned ring] in readyRings.append(ring) }
    ring.onBroken = { [unowned self, unowned peer] in ringBroke(peer, $0.description) }
  }

  /// Receives a turn's share from each ring that is not waited for.
  func receiveFromRings() {
    guard !readyRings.isEmpty else { return }
    for ring in readyRings { ring.receive() }
  }

  /// Has peers ring for what comes next, before the loop waits.
  func restRings() {
    guard !readyRings.isEmpty, !loop.hasReadyJobs else { return }
    readyRings.removeAll { $0.rest() }
  }

  /// A peer has written into its ring what no node writes: nobody knows where the next frame begins.
  private func ringBroke(_ peer: ChannelPeer, _ reason: String) {
    if let child = peer.child { return runtime.listeners.broke(child, "data", reason) }
    refused(peer, reason, because: "broke the data link")
  }
}
