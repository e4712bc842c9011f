internal import ProcessTreeLinks

extension Node {
  /// Runs `body` for at most this time: whatever it waits for, the wait ends then.
  ///
  /// ```swift
  /// let first = try await node.withTimeout(.seconds(5)) { try await group.next() }
  /// ```
  ///
  /// When the time is over, the task that runs `body` is cancelled. This returns once `body` has ended:
  /// with what it returns all the same, else by throwing `deadlinePassed`. What was waited for goes on
  /// as it does after a cancelled wait: a child keeps running, a command that `body` runs is ended.
  ///
  /// - Throws: `deadlinePassed`, what `body` throws before that, and `CancellationError`.
  public func withTimeout<Success: Sendable>(
    _ timeout: Duration, _ body: @escaping @Sendable () async throws -> Success
  ) async throws -> Success {
    let runtime = runtime
    return try await withThrowingTaskGroup(of: Success?.self) { group in
      group.addTask { try await body() }
      group.addTask {
        await runtime.sleep(for: timeout)
        return nil
      }
      defer { group.cancelAll() }
      if let success = try await group.next() ?? nil { return success }
      // The surrounding task was cancelled: that is for `body` to tell.
      if Task.isCancelled, let success = try await group.next() ?? nil { return success }
      group.cancelAll()
      let late = try? await group.next()
      if let success = late ?? nil { return success }
      throw ProcessTreeError(.deadlinePassed, "The time was over after \(timeout).")
    }
  }
}

extension LoopBound<NodeRuntime> {
  /// Suspends until the time is over, by the loop's clock, or the task is cancelled.
  fileprivate func sleep(for time: Duration) async {
    let sleeper = Sleeper()
    await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        perform { runtime in
          guard !sleeper.isCancelled else { return continuation.resume() }
          sleeper.continuation = continuation
          sleeper.timer = runtime.loop.timers.schedule(after: time) { sleeper.wake() }
        }
      }
    } onCancel: {
      // Behind the registration, which is in the loop's hands by now or is never made.
      loop.perform {
        sleeper.isCancelled = true
        if let timer = sleeper.timer { self.value.loop.timers.cancel(timer) }
        sleeper.wake()
      }
    }
  }
}

/// A task that waits for a timer; touched on the loop alone.
private final class Sleeper: @unchecked Sendable {
  var continuation: UnsafeContinuation<Void, Never>?
  var timer: TimerQueue.ID?
  /// The task was cancelled before the timer was made.
  var isCancelled = false

  func wake() {
    continuation.take()?.resume()
  }
}
