internal import DequeModule
internal import ProcessTreeBase

/// One subscriber's events: an unbounded queue for what happens in the lives of nodes, in which
/// reports give way when the subscriber is slow.
final class EventQueue: Sendable {
  /// From this many waiting events on, a report replaces the last waiting one of its node.
  private static let coalescingThreshold = 1_024

  private struct State {
    var events: Deque<LifecycleEvent> = []
    var isFinished = false

    /// The next event, or nil for the end; nothing while there is neither.
    mutating func takeNext() -> LifecycleEvent?? {
      if let event = events.popFirst() { return .some(event) }
      return isFinished ? .some(nil) : nil
    }
  }

  private let state = Protected(State())

  func push(_ event: LifecycleEvent) {
    state.withLock { state in
      guard !Self.coalesce(event, in: &state.events) else { return }
      state.events.append(event)
    }
  }

  /// Puts a report in the place of the one before it; false when it has to be queued.
  private static func coalesce(
    _ event: LifecycleEvent, in events: inout Deque<LifecycleEvent>
  ) -> Bool {
    guard case .reported(var report) = event.kind, events.count >= coalescingThreshold,
      let index = events.lastIndex(where: { $0.path == event.path }),
      case .reported(let replaced) = events[index].kind
    else { return false }
    report.coalesced = report.coalesced.saturatingAdding(replaced.coalesced).saturatingAdding(1)
    events[index] = event
    events[index].kind = .reported(report)
    return true
  }

  func finish() { state.withLock { $0.isFinished = true } }

  /// The next event; nil at the end and when the task is cancelled.
  ///
  /// Of several tasks that wait each gets another one.
  func next() async -> LifecycleEvent? { try? await state.wait { $0.takeNext() } }
}
