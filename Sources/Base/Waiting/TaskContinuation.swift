#if DEBUG
  /// Traps when it is resumed twice, and reports when it never is.
  @usableFromInline
  package typealias TaskContinuation<Value, Failure: Error> = CheckedContinuation<Value, Failure>
#else
  /// Checks nothing.
  @usableFromInline
  package typealias TaskContinuation<Value, Failure: Error> = UnsafeContinuation<Value, Failure>
#endif

/// Suspends the task until the continuation that `body` gets is resumed, which has to happen once.
///
/// - Parameter function: The function that a report of the check names.
@inlinable @inline(__always)
package func withTaskContinuation<Value>(
  function: String = #function, _ body: (TaskContinuation<Value, Never>) -> Void
) async -> sending Value {
  #if DEBUG
    await withCheckedContinuation(function: function, body)
  #else
    await withUnsafeContinuation(body)
  #endif
}

/// Suspends the task until the continuation that `body` gets is resumed, which has to happen once.
///
/// - Parameter function: The function that a report of the check names.
/// - Throws: The error with which the continuation is resumed.
@inlinable @inline(__always)
package func withThrowingTaskContinuation<Value>(
  function: String = #function, _ body: (TaskContinuation<Value, any Error>) -> Void
) async throws -> sending Value {
  #if DEBUG
    try await withCheckedThrowingContinuation(function: function, body)
  #else
    try await withUnsafeThrowingContinuation(body)
  #endif
}
