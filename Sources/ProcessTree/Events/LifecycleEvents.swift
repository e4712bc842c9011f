/// Events of a node and everything below it, from the moment on at which this sequence was made.
///
/// Iterate it once. It ends when the node that it was asked of ends, and when the task that iterates
/// is cancelled: `next()` does not throw. A second task that waits at the same time gets the end.
/// Events of lives are never dropped; reports of progress are coalesced for a subscriber that falls
/// behind.
public struct LifecycleEvents: AsyncSequence, Sendable {
  let queue: EventQueue

  /// Takes the events one after another.
  public struct Iterator: AsyncIteratorProtocol {
    let queue: EventQueue

    /// The next event; nil at the end.
    public mutating func next() async -> LifecycleEvent? { await queue.next() }

    /// The next event; nil at the end.
    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async -> LifecycleEvent? {
      await queue.next()
    }
  }

  /// Starts iterating.
  public func makeAsyncIterator() -> Iterator { Iterator(queue: queue) }
}
