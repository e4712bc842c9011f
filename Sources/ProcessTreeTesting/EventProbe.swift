public import ProcessTree
internal import ProcessTreeBase

/// Waits for what a test expects to happen in a tree.
///
/// ```swift
/// let probe = try await EventProbe(root)
/// let child = try await root.spawn(Square(number: 12))
/// try await probe.expect(within: .seconds(5)) { event in
///   if case .exited = event.kind { event.path == child.path } else { false }
/// }
/// ```
public final class EventProbe: Sendable {
  /// The expected event did not come.
  public struct Missing: Error, CustomStringConvertible {
    /// The events that came instead.
    public let seen: [LifecycleEvent]
    /// How long was waited.
    public let time: Duration

    /// The events that came, a line each.
    public var description: String {
      "the expected event did not come within \(time); \(seen.count) others did: "
        + seen.map { "\($0.path) \($0.kind)" }.joined(separator: "; ")
    }
  }

  private let node: Node
  private let events: LifecycleEvents
  private let seen = Lock<[LifecycleEvent]>([])

  /// Watches a node and everything below it from now on.
  ///
  /// - Throws: The errors of `Node.events`.
  public init(_ node: Node) async throws {
    self.node = node
    events = try await node.events
  }

  /// Waits for an event; those before it are passed over and are not seen again.
  ///
  /// - Parameters:
  ///   - time: How long to wait, by the clock of the node's loop.
  ///   - matches: Whether an event is the one.
  /// - Throws: ``Missing`` when it does not come, `CancellationError`.
  @discardableResult
  public func expect(
    within time: Duration = .seconds(10), _ matches: @escaping @Sendable (LifecycleEvent) -> Bool
  ) async throws -> LifecycleEvent {
    seen.withLock { $0 = [] }
    let found = try await withThrowingTaskGroup(of: LifecycleEvent?.self) { group in
      group.addTask { [self] in
        for await event in events {
          if matches(event) { return event }
          seen.withLock { $0.append(event) }
        }
        return nil
      }
      group.addTask { [node] in
        try await node.sleep(for: time)
        return nil
      }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
    }
    try Task.checkCancellation()
    guard let found else { throw Missing(seen: seen.withLock(\.self), time: time) }
    return found
  }
}
