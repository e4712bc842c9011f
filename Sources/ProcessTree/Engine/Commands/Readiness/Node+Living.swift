internal import ProcessTreeLinks

extension Node {
  /// Runs code for as long as a check of the node's liveness holds.
  ///
  /// If the check fails, the code is cancelled. If it goes on all the same, the node exits with 1
  /// after the time that its stop policy has for a request.
  ///
  /// - Parameter check: Looks at the node from outside: a check by lines or reports means nothing.
  /// - Throws: `CommandError` with the code `notReady` if the check has failed, and the errors of
  ///   `body`.
  package func living<Value: Sendable>(
    while check: ReadinessCheck?, _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    guard let check,
      let made = ReadinessKeeper(readiness: nil, liveness: check, in: self)
    else { return try await body() }
    let keeper = LoopBound(made, on: runtime.loop)
    try await runtime.run { _ in keeper.value.begin() }
    defer { keeper.perform { $0.end() } }
    return try await withThrowingTaskGroup(of: Value?.self) { group in
      group.addTask { try await body() }
      group.addTask {
        try await keeper.value.waitForFailure()
        return nil
      }
      defer { group.cancelAll() }
      do {
        guard let value = try await group.next() ?? nil else { throw CancellationError() }
        return value
      } catch let failure as CommandError {
        group.cancelAll()
        let patience = configuration.stopPolicy.ask
        let last = Task(executorPreference: runtime.loop) { [self] in
          try await runtime.loop.sleep(for: patience)
          exit("\(name): \(failure)")
        }
        _ = try? await group.next()
        last.cancel()
        throw failure
      }
    }
  }
}
