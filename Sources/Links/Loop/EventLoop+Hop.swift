internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeCLinux

extension EventLoop {
  /// Runs `body` on the loop: at once if the caller is on it, otherwise by a hop.
  package func run<Success: Sendable>(
    _ body: @escaping @Sendable () throws -> Success
  ) async throws -> Success {
    guard !isCurrent else { return try body() }
    return try await withThrowingTaskContinuation { continuation in
      perform { continuation.resume(with: Result(catching: body)) }
    }
  }

  /// Waits for a time; throws if the task is cancelled.
  ///
  /// It uses the loop's own timers, because those of the concurrency runtime are Dispatch's, which
  /// needs threads.
  package func sleep(for delay: Duration) async throws {
    let timer = LoopBound(SleepTimer(), on: self)
    let waiter = Waiter()
    timer.perform {
      $0.id = self.timers.schedule(after: min(delay, Self.longestSleep)) { waiter.resume() }
    }
    if await !waiter.wait() {
      timer.perform { timer in timer.id.map(self.timers.cancel) }
    }
    try Task.checkCancellation()
  }

  /// Three centuries; a longer delay would not fit the clock.
  private static let longestSleep: Duration = .seconds(10_000_000_000)

  /// Lets the loop drain Dispatch's main queue, so that `@MainActor` code runs in this process.
  ///
  /// Call it on the main thread, which must be the loop's.
  package func drainMainQueue() throws(LoopError) {
    let descriptor = _dispatch_get_main_queue_handle_4CF()
    guard descriptor >= 0 else { throw LoopError(call: "dispatch main queue", errno: EBADF) }
    try poller.add(descriptor, for: .read) { _ in
      var count: UInt64 = 0
      _ = Glibc.read(descriptor, &count, 8)
      _dispatch_main_queue_callback_4CF(nil)
    }
  }

  /// Does the part of `drainMainQueue()` that clones of this process need not repeat.
  package static func rehearseMainQueue() { cl_rehearse_main_queue() }
}

/// The timer of one sleep; used on the loop only.
private final class SleepTimer {
  var id: TimerQueue.ID?
}
