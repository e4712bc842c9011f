import ProcessTreeWire

/// A node of tests.
func node(_ number: UInt32) -> PeerAddress {
  PeerAddress(
    path: NodePath(positions: [number]), name: "node \(number)", pid: Int32(number) + 1_000,
    startTime: UInt64(number), endpoint: "ipc:///tmp/none-\(number)")
}

/// A ticket that a node made.
func ticket(_ number: UInt64, by node: UInt32 = 0) -> TicketID {
  TicketID(node: NodePath(positions: [node]), number: number)
}

extension ChannelSpecification {
  /// A specification with defaults that tests change one by one.
  static func of(
    _ kind: Kind, overflow: Overflow = .suspend, prefetch: UInt32 = 256, attempts: UInt32 = 3
  ) -> Self {
    Self(
      kind: kind, overflow: overflow,
      prefetch: kind == .work || kind == .service ? prefetch : unlimitedPrefetch,
      attempts: attempts)
  }
}
