extension SenderCore {
  /// A task that waits for room.
  struct Waiter {
    let id: UInt64
    let item: PendingItem
    /// When it began to, by the loop's coarse clock.
    let since: Int64
    let resume: ((any Error)?) -> Void
  }

  /// A caller that waits for a reply.
  struct Call {
    let since: Int64
    let end: (Result<[UInt8], any Error>) -> Void
  }

  /// A caller that waits until everything is settled.
  struct Joiner {
    let since: Int64
    let resume: () -> Void
  }
}
