internal import ProcessTreeLinks

extension Node {
  /// Renews the node's lease at its parent, from code that computes for long without suspending.
  ///
  /// The event loop renews the lease while it turns, so a program that suspends often need not call
  /// this. Calls that come fast cost nothing: few of them send something. Without a lease, and at
  /// the root, nothing happens. Callable from any thread, but from another than the event loop's
  /// the call waits for the loop, and so does not help one that is blocked.
  public func renewLease() { onLoop { $0.renewal?.renew() } }

  /// Runs code that computes or blocks for long on the event loop; the node is not taken for hung
  /// meanwhile.
  ///
  /// Its parent does not notice either if the process is stopped, or the code never returns. Calls
  /// may nest, and tasks may be within it at the same time.
  ///
  /// - Parameter body: The code to run.
  /// - Returns: The result of `body`.
  /// - Throws: The error of `body`.
  public func withoutLiveness<Value>(_ body: () throws -> Value) rethrows -> Value {
    onLoop { $0.renewal?.suspend() }
    defer { onLoop { $0.renewal?.resume() } }
    return try body()
  }

  /// At once where that can be: the loop does not turn before the code that follows.
  private func onLoop(_ body: @escaping @Sendable (NodeRuntime) -> Void) {
    runtime.loop.isCurrent ? body(runtime.value) : runtime.perform(body)
  }
}
