internal import ProcessTreeBase
internal import ProcessTreeLinks

extension Node {
  /// Runs asynchronous code to its end from synchronous code, such as a script or a callback.
  ///
  /// ```swift
  /// let total = try root.runBlocking { try await root.spawn(Square(number: 12)).result }
  /// ```
  ///
  /// On the node's event loop, the loop keeps serving messages, children and other tasks meanwhile.
  /// Any other thread blocks; it must not be one of the concurrency pool's.
  ///
  /// - Parameter body: The code to run on the node's event loop.
  /// - Returns: The result of `body`.
  /// - Throws: The error of `body`.
  public func runBlocking<Success: Sendable>(
    _ body: @escaping @Sendable () async throws -> Success
  ) throws -> Success {
    let loop = runtime.loop
    let box = BlockingResult<Success>()
    let task = Task(executorPreference: loop) {
      do { box.set(.success(try await body())) } catch { box.set(.failure(error)) }
    }
    if loop.isCurrent {
      // A stop request cancels the node's program, and this task is part of it.
      let node = runtime.value
      let cancelProgram = node.ending.cancelProgram
      node.ending.cancelProgram = {
        cancelProgram?()
        task.cancel()
      }
      loop.run { box.value != nil }
      node.ending.cancelProgram = cancelProgram
    } else {
      box.wait()
    }
    return try box.take()
  }
}

private final class BlockingResult<Success: Sendable>: Sendable {
  private let result = Lock<Result<Success, any Error>?>(nil)
  private let isSet = Semaphore()

  var value: Result<Success, any Error>? { result.withLock(\.self) }

  func set(_ value: Result<Success, any Error>) {
    result.withLock { $0 = value }
    isSet.signal()
  }

  /// Blocks the thread until there is a result.
  func wait() { isSet.wait() }

  func take() throws -> Success {
    guard let value else { throw CancellationError() }
    return try value.get()
  }
}
