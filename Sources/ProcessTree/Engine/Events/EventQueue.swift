internal import DequeModule
internal import ProcessTreeBase
internal import Synchronization

/// One subscriber's events: an unbounded queue for what happens in the lives of nodes, in which
/// reports give way when the subscriber is slow.
final class EventQueue: Sendable {
  /// From this many waiting events on, a report replaces the last waiting one of its node.
  private static let coalescingThreshold = 1_024

  private struct State {
    var events: Deque<LifecycleEvent> = []
    var waiter: UnsafeContinuation<LifecycleEvent?, Never>?
    var isFinished = false
  }

  private let state = Mutex(State())

  func push(_ event: LifecycleEvent) {
    let waiter = state.withLock { state -> UnsafeContinuation<LifecycleEvent?, Never>? in
      guard state.waiter == nil else {
        defer { state.waiter = nil }
        return state.waiter
      }
      guard !Self.coalesce(event, in: &state.events) else { return nil }
      state.events.append(event)
      return nil
    }
    waiter?.resume(returning: event)
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

  func finish() {
    let waiter = state.withLock { state in
      state.isFinished = true
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: nil)
  }

  /// The next event; nil at the end and when the task is cancelled.
  func next() async -> LifecycleEvent? {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let immediate = state.withLock { state -> LifecycleEvent?? in
          if Task.isCancelled { return .some(nil) }
          if let event = state.events.popFirst() { return .some(event) }
          // One subscription has one iterator: a second that waits gets the end.
          guard !state.isFinished, state.waiter == nil else { return .some(nil) }
          state.waiter = continuation
          return nil
        }
        if let immediate { continuation.resume(returning: immediate) }
      }
    } onCancel: {
      finishWaiting()
    }
  }

  private func finishWaiting() {
    let waiter = state.withLock { state in
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: nil)
  }
}
