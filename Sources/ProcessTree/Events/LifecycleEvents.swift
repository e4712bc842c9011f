/// The events of a node and of all nodes below it, from the moment when this sequence was made.
///
/// It ends when its node ends or the iterating task is cancelled; `next()` does not throw.
/// Iterators share the events: each event goes to one of them. Lifecycle events are never dropped;
/// progress reports are coalesced for a slow subscriber.
public struct LifecycleEvents: AsyncSequence, Sendable {
  let queue: EventQueue

  /// The events, one after another.
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

  /// Begins to receive events.
  public func makeAsyncIterator() -> Iterator { Iterator(queue: queue) }
}
