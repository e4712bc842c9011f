internal import ProcessTreeLinks

extension Node {
  /// Runs `body`, and cancels it if it has not ended after a time.
  ///
  /// ```swift
  /// let first = try await node.withTimeout(.seconds(5)) { try await group.next() }
  /// ```
  ///
  /// The time holds for the requests that `body` makes, and travels with them: see ``deadline``.
  /// When it is over, the task that runs `body` is cancelled. This function returns once `body` has
  /// ended: it returns the result of `body` if there is one, and otherwise throws `deadlinePassed`.
  /// Cancelling ends a wait for a child, but not the child; it ends a command that `body` runs.
  ///
  /// - Parameters:
  ///   - timeout: How long `body` may run.
  ///   - body: The code to run.
  /// - Returns: The result of `body`.
  /// - Throws: `deadlinePassed`, an error that `body` throws before that, and `CancellationError`.
  public func withTimeout<Success: Sendable>(
    _ timeout: Duration, _ body: @escaping @Sendable () async throws -> Success
  ) async throws -> Success {
    let deadline = RequestDeadline.soonest(within: timeout, setBy: address, on: runtime.loop)
    return try await RequestDeadline.$current.withValue(deadline) {
      try await race(timeout, body)
    }
  }

  private func race<Success: Sendable>(
    _ timeout: Duration, _ body: @escaping @Sendable () async throws -> Success
  ) async throws -> Success {
    let runtime = runtime
    return try await withThrowingTaskGroup(of: Success?.self) { group in
      group.addTask { try await body() }
      group.addTask {
        try? await runtime.loop.sleep(for: timeout)
        return nil
      }
      defer { group.cancelAll() }
      if let success = try await group.next() ?? nil { return success }
      // The surrounding task was cancelled, so `body` decides how this ends.
      if Task.isCancelled, let success = try await group.next() ?? nil { return success }
      let waits = try? await runtime.run { $0.explanation().waits.prefix(Self.mostWaits) }
      group.cancelAll()
      let late = try? await group.next()
      if let success = late ?? nil { return success }
      let texts = (waits ?? []).map { "\($0)" }
      let reason = texts.isEmpty ? "" : ": the node " + texts.joined(separator: "; ")
      throw ProcessTreeError(
        .deadlinePassed, "The operation did not end within \(timeout)\(reason).")
    }
  }

  /// The waits of the node that an error names, the longest first.
  private static var mostWaits: Int { 4 }
}
