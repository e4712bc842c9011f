internal import Synchronization

/// One wait of one task, which an event or the task's cancellation ends.
///
/// The task puts the waiter where the code behind the event finds it, usually under a lock; that
/// code resumes it. The order does not matter: the task of a waiter that was resumed before does
/// not suspend. A second `resume()` does nothing, so a waiter may stay where it is after its wait.
/// A deadline is one more event: a timer that resumes the waiter.
///
/// The cancellation takes no lock of the caller's. Resume a waiter after releasing locks all the
/// same: resuming a task that is being cancelled waits for its cancellation handlers, and a handler
/// of the user may need such a lock.
package final class Waiter: @unchecked Sendable {
  // Sendable: the phase is atomic, and shows which call has the continuation.
  /// How far the wait has come.
  private enum Phase: UInt8 {
    case new
    case suspended
    case resumed
    case cancelled
  }

  private let phase = Atomic(Phase.new.rawValue)
  /// Written before the phase becomes `suspended`, and read by the call that ends that phase.
  private var continuation: TaskContinuation<Void, Never>?

  /// Makes a waiter for one wait.
  package init() {}

  /// Ends the wait, now or when it begins.
  ///
  /// Callable from any thread.
  package func resume() { end(as: .resumed) }

  /// Suspends the task until `resume()` was called, or the task was cancelled: then it returns
  /// false.
  @discardableResult
  package func wait() async -> Bool {
    await withTaskCancellationHandler {
      await waitShielded()
    } onCancel: {
      end(as: .cancelled)
    }
    return phase.load(ordering: .acquiring) == Phase.resumed.rawValue
  }

  /// Suspends the task until `resume()` was called, even if the task is cancelled.
  package func waitShielded() async {
    await withTaskContinuation { suspend($0) }
  }

  private func suspend(_ continuation: TaskContinuation<Void, Never>) {
    self.continuation = continuation
    let hasSuspended = phase.compareExchange(
      expected: Phase.new.rawValue, desired: Phase.suspended.rawValue,
      ordering: .acquiringAndReleasing
    ).exchanged
    guard !hasSuspended else { return }
    self.continuation = nil
    continuation.resume()
  }

  private func end(as end: Phase) {
    var found = phase.load(ordering: .acquiring)
    while found == Phase.new.rawValue || found == Phase.suspended.rawValue {
      let (exchanged, original) = phase.compareExchange(
        expected: found, desired: end.rawValue, ordering: .acquiringAndReleasing)
      if exchanged {
        if found == Phase.suspended.rawValue { continuation.take()?.resume() }
        return
      }
      found = original
    }
  }
}
