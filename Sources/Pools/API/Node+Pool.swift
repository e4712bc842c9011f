public import ProcessTree
internal import ProcessTreeStages

extension Node {
  /// Runs `body` with a pool of worker processes, none of which is left when this returns or
  /// throws.
  ///
  /// ```swift
  /// let squares = try await root.withPool(size: 4) { pool in
  ///   try await pool.map(over: 1...100_000, using: Square())
  /// }
  /// ```
  ///
  /// When `body` throws or the surrounding task is cancelled, what workers are doing is stopped, by
  /// force if need be.
  ///
  /// - Parameters:
  ///   - size: How many workers there are at most; without a number `cpuCount`, or the slots of the
  ///     hosts, also of those that are added later.
  ///   - place: The hosts on which they run, of a scope of this node; `nil` for where this node
  ///     runs. The work of a host that is lost goes to the others, and no input is blamed for that.
  ///   - options: What holds for all calls.
  ///   - initializer: Prepares workers before they take work: it is sent to each and run there
  ///     once. Calls that wait for a worker whose preparation fails throw a `PoolError` with the
  ///     code `initializerFailed`.
  ///   - body: Uses the pool.
  /// - Throws: What `body` throws, `PoolError` with the codes `invalidSize` and `invalidOption`,
  ///   and `HostError` if no host is up.
  public func withPool<Value>(
    size: Int? = nil, on place: (any Place)? = nil, options: PoolOptions = PoolOptions(),
    initializer: (any PoolInitializer)? = nil, _ body: (Pool) async throws -> Value
  ) async throws -> Value {
    let pool = try Pool(
      self, size: size, on: WorkerHosts(place), options: options, initializer: initializer)
    return try await pool.inScope(body)
  }
}

extension Pool {
  fileprivate func inScope<Value>(_ body: (Pool) async throws -> Value) async throws -> Value {
    let core = core
    let result: Result<Value, any Error> = await withTaskCancellationHandler {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await core.run() }
        let result: Result<Value, any Error>
        do {
          result = .success(try await body(self))
        } catch {
          result = .failure(error)
        }
        await core.end()
        await group.waitForAll()
        return result
      }
    } onCancel: {
      core.stopNow(CancellationError())
    }
    return try result.get()
  }
}
