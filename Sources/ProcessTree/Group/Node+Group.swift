extension Node {
  /// Runs `body` with a group of children, none of which is left when this returns or throws.
  ///
  /// ```swift
  /// let total = try await root.withChildren(of: Int.self, limit: 5) { group in
  ///   for number in 1...100 { try await group.spawn(Square(number: number)) }
  ///   return try await group.reduce(0, +)
  /// }
  /// ```
  ///
  /// The first child that fails has the others stopped, and so do an error of `body` and the
  /// cancellation of the surrounding task. When `body` returns, children that still run are waited
  /// for.
  ///
  /// - Parameters:
  ///   - output: What the programs of all children return.
  ///   - limit: How many children are alive at a time, at most; the configuration's without one.
  ///   - body: Adds children and takes their results.
  /// - Throws: What one child or `body` failed with; a ``ChildGroupFailure`` with all errors when
  ///   there were several; `invalidLimit` for a limit below one; `CancellationError`.
  public func withChildren<Output: Sendable, Value>(
    of output: Output.Type, limit: Int? = nil,
    _ body: (ChildGroup<Output>) async throws -> Value
  ) async throws -> Value {
    let limit = limit ?? configuration.defaultLimit
    guard limit ?? 1 > 0 else {
      throw ProcessTreeError(.invalidLimit, "A limit of children is at least 1.")
    }
    let group = ChildGroup<Output>(of: self, limit: limit)
    let (result, failures) = await withTaskCancellationHandler {
      let result: Result<Value, any Error>
      do {
        result = .success(try await body(group))
      } catch {
        group.cancelAll(reason: "the scope failed: \(error)")
        result = .failure(error)
      }
      // A cancelled task still waits here: children are stopping, and each has its deadline.
      return (result, await group.close())
    } onCancel: {
      group.cancelAll(reason: "the surrounding task was cancelled")
    }
    return try Self.settle(result, failures)
  }

  private static func settle<Value>(
    _ result: Result<Value, any Error>, _ failures: [any Error]
  ) throws -> Value {
    var errors = failures
    if case .failure(let error) = result, !Self.isOne(of: failures, error) {
      // What the body says because children failed adds nothing.
      if !(error is CancellationError && !failures.isEmpty) { errors.insert(error, at: 0) }
    }
    switch errors.count {
    case 0: return try result.get()
    case 1: throw errors[0]
    default: throw ChildGroupFailure(failures: errors)
    }
  }

  /// Whether the body's error is a child's that it let pass.
  private static func isOne(of failures: [any Error], _ error: any Error) -> Bool {
    failures.contains { failure in
      if let left = failure as? RemoteFailure, let right = error as? RemoteFailure {
        return left == right
      }
      if let left = failure as? ChildFailure, let right = error as? ChildFailure {
        return left == right
      }
      return String(describing: failure) == String(describing: error)
    }
  }
}
