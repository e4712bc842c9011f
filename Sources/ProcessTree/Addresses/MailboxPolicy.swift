internal import ProcessTreeWire

/// How the items for a child wait while it is down or busy.
///
/// They wait at their senders, so the limits count the items of one sender.
public struct MailboxPolicy: Hashable, Sendable, Codable {
  /// What happens to an item that finds the sender's queue full; see ``OverflowPolicy``.
  public var overflow: OverflowPolicy
  /// How many items of each sender the child may hold beyond those that its program has taken.
  public var prefetch: Int
  /// How many lives of the child an item may end before it is quarantined.
  public var attempts: Int

  /// Makes a policy; numbers below one count as one.
  public init(overflow: OverflowPolicy = .suspend, prefetch: Int = 256, attempts: Int = 3) {
    self.overflow = overflow
    self.prefetch = prefetch
    self.attempts = attempts
  }

  /// The channel's properties; a request is never dropped, because somebody waits for its reply.
  func specification(_ kind: ChannelSpecification.Kind) -> ChannelSpecification {
    let drops =
      switch overflow {
      case .suspend, .fail: false
      case .dropOldest, .dropNewest: true
      }
    return ChannelSpecification(
      kind: kind, overflow: kind == .service && drops ? .suspend : overflow.wire,
      prefetch: min(ChannelSpecification.unlimitedPrefetch, UInt32(clamping: max(1, prefetch))),
      attempts: UInt32(clamping: max(1, attempts)))
  }
}
