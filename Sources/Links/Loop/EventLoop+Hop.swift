internal import Glibc
internal import ProcessTreeCLinux

extension EventLoop {
  /// Runs `body` on the loop: at once when the caller is there, else by a hop.
  package func run<Success: Sendable>(
    _ body: @escaping @Sendable () throws -> Success
  ) async throws -> Success {
    guard !isCurrent else { return try body() }
    return try await withUnsafeThrowingContinuation { continuation in
      perform { continuation.resume(with: Result(catching: body)) }
    }
  }

  /// Waits for a time; throws when the task is cancelled.
  ///
  /// On the loop's own timers: those of the concurrency runtime are Dispatch's, which wants threads.
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

  /// Three centuries: what is longer would not fit the clock.
  private static let longestSleep: Duration = .seconds(10_000_000_000)

  /// Lets the loop drain Dispatch's main queue, so that `@MainActor` code runs in this process.
  ///
  /// To be called on the main thread, whose loop this then must be.
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
