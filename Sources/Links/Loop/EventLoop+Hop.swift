internal import Glibc
internal import ProcessTreeCLinux

extension EventLoop {
  /// Runs `body` on the loop: at once if the caller is on it, otherwise by a hop.
  package func run<Success: Sendable>(
    _ body: @escaping @Sendable () throws -> Success
  ) async throws -> Success {
    guard !isCurrent else { return try body() }
    return try await withUnsafeThrowingContinuation { continuation in
      perform { continuation.resume(with: Result(catching: body)) }
    }
  }

  /// Waits for a time; throws if the task is cancelled.
  ///
  /// It uses the loop's own timers, because those of the concurrency runtime are Dispatch's, which
  /// needs threads.
  package func sleep(for delay: Duration) async throws {
    let pause = Pause()
    await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        perform { [self] in
          guard !pause.isOver else { return continuation.resume() }
          pause.continuation = continuation
          pause.timer = timers.schedule(after: min(delay, Self.longestSleep)) { pause.end() }
        }
      }
    } onCancel: {
      perform { [self] in
        if let timer = pause.timer { timers.cancel(timer) }
        pause.end()
      }
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
}

/// One sleep; used on the loop only.
private final class Pause: @unchecked Sendable {
  var isOver = false
  var continuation: UnsafeContinuation<Void, Never>?
  var timer: TimerQueue.ID?

  func end() {
    isOver = true
    continuation?.resume()
    continuation = nil
  }
}
