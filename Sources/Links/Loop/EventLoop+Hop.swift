internal import CLinux
internal import Glibc

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
