extension Node {
  /// Runs `body` with a group of children, all of which have been reaped when this returns or
  /// throws.
  ///
  /// ```swift
  /// let total = try await root.withChildren(of: Int.self, limit: 5) { group in
  ///   for number in 1...100 { try await group.spawn(Square(number: number)) }
  ///   return try await group.reduce(0, +)
  /// }
  /// ```
  ///
  /// A child that waits for a sibling needs room for both: in a full group `spawn` waits until a
  /// child has ended, so that sibling would never start. Pass as `limit` how many children need
  /// each other, or `.max`.
  ///
  /// The first failure of a child stops the other children, as do an error of `body` and the
  /// cancellation of the surrounding task. When `body` returns, this waits for the children that
  /// still run.
  ///
  /// - Parameters:
  ///   - output: The result type of all children's programs.
  ///   - limit: How many children may be alive at a time; by default
  ///     ``TreeConfiguration/defaultLimit``, which is 64 unless it is set.
  ///   - body: The code that adds children and takes their results.
  /// - Returns: The result of `body`.
  /// - Throws: The error of one child or of `body`; a ``ChildGroupFailure`` if there were several;
  ///   `invalidLimit` for a limit below one; `CancellationError`.
  public func withChildren<Output: Sendable, Value>(
    of output: Output.Type, limit: Int? = nil,
    _ body: (ChildGroup<Output>) async throws -> Value
  ) async throws -> Value {
    let limit = limit ?? configuration.defaultLimit ?? TreeConfiguration.groupLimit
    guard limit > 0 else {
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
      // A cancelled task waits, too: the children are stopping, and each has a deadline.
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
      // A cancellation that follows from failed children adds nothing.
      if !(error is CancellationError && !failures.isEmpty) { errors.insert(error, at: 0) }
    }
    switch errors.count {
    case 0: return try result.get()
    case 1: throw errors[0]
    default: throw ChildGroupFailure(failures: errors)
    }
  }

  /// Whether the body's error is one of the children's that it did not catch.
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
