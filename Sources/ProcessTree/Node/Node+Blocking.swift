internal import Glibc
internal import ProcessTreeLinks
internal import Synchronization

extension Node {
  /// Runs asynchronous code to its end from code that is not asynchronous: for scripts, and for bodies
  /// that a library calls back.
  ///
  /// ```swift
  /// let total = try root.runBlocking { try await root.spawn(Square(number: 12)).result }
  /// ```
  ///
  /// On the node's event loop the loop goes on meanwhile: messages, children and other tasks are served.
  /// On any other thread the thread waits; that must not be one of the concurrency pool's.
  ///
  /// - Throws: What `body` throws.
  public func runBlocking<Success: Sendable>(
    _ body: @escaping @Sendable () async throws -> Success
  ) throws -> Success {
    let loop = runtime.loop
    let box = BlockingResult<Success>()
    let task = Task(executorPreference: loop) {
      do { box.set(.success(try await body())) } catch { box.set(.failure(error)) }
    }
    if loop.isCurrent {
      // A node that is asked to stop cancels its program: this is a part of it.
      let node = runtime.value
      let cancelProgram = node.ending.cancelProgram
      node.ending.cancelProgram = {
        cancelProgram?()
        task.cancel()
      }
      loop.run { box.value != nil }
      node.ending.cancelProgram = cancelProgram
    } else {
      // A blocked thread of a script has nothing better to do than to look again.
      while box.value == nil { usleep(200) }
    }
    return try box.take()
  }
}

/// Where the result of asynchronous code arrives.
private final class BlockingResult<Success: Sendable>: Sendable {
  private let result = Mutex<Result<Success, any Error>?>(nil)

  var value: Result<Success, any Error>? { result.withLock(\.self) }

  func set(_ value: Result<Success, any Error>) { result.withLock { $0 = value } }

  func take() throws -> Success {
    guard let value else { throw CancellationError() }
    return try value.get()
  }
}
