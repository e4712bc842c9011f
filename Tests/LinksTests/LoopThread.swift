import Foundation
import Glibc
import ProcessTreeLinks
import ProcessTreeTestSettings
import Synchronization

/// A thread of its own for a loop: those of the test runner come and go.
final class LoopThread: Sendable {
  private let isStopped = Atomic<Bool>(false)

  func start() async throws -> EventLoop {
    try await withCheckedThrowingContinuation { continuation in
      Thread { [self] in
        do {
          let loop = try EventLoop()
          continuation.resume(returning: loop)
          loop.run { isStopped.load(ordering: .acquiring) }
        } catch {
          continuation.resume(throwing: error)
        }
      }.start()
    }
  }

  func stop(_ loop: EventLoop) {
    isStopped.store(true, ordering: .releasing)
    loop.perform {}
  }
}

/// Runs `body` as a job of a new loop, on the loop's thread wherever it suspends.
@discardableResult
func withLoop<Success: Sendable>(
  _ body: @escaping @Sendable (EventLoop) async throws -> Success
) async throws -> Success {
  let thread = LoopThread()
  let loop = try await thread.start()
  defer { thread.stop(loop) }
  return try await Task(executorPreference: loop) { try await body(loop) }.value
}

/// The expected event did not come.
struct TooLong: Error {}

/// Time enough for anything here, also on a busy machine.
let patience: Duration = .seconds(60).scaled

extension EventLoop {
  /// Runs nested turns until a condition holds; throws when it does not come true.
  func turn(until condition: () -> Bool) throws {
    let deadline = ContinuousClock.now + patience
    // Keeps the loop from an endless wait for an event that does not come.
    let guardTimer = timers.schedule(after: patience) {}
    defer { timers.cancel(guardTimer) }
    run { condition() || ContinuousClock.now > deadline }
    guard condition() else { throw TooLong() }
  }

  /// Lets others have their turns until a condition holds; throws when it does not come true.
  func rest(until condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now + patience
    while !condition() {
      guard ContinuousClock.now < deadline else { throw TooLong() }
      await Task.yield()
    }
  }
}

/// A value that callbacks on the loop's thread change.
final class Box<Value>: @unchecked Sendable {
  var value: Value

  init(_ value: Value) {
    self.value = value
  }
}

/// A pipe whose ends do not block.
struct TestPipe {
  let reading: Int32
  let writing: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    precondition(pipe(&ends) == 0)
    for end in ends {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    (reading, writing) = (ends[0], ends[1])
  }

  func write(_ count: Int = 1) {
    _ = Glibc.write(writing, [UInt8](repeating: 1, count: count), count)
  }

  /// How many bytes were there to read, at most 1,024.
  @discardableResult
  func drain() -> Int {
    var bytes = [UInt8](repeating: 0, count: 1_024)
    return max(0, Glibc.read(reading, &bytes, bytes.count))
  }

  func close() {
    Glibc.close(reading)
    Glibc.close(writing)
  }
}

/// How many descriptors the process has open.
func descriptors() throws -> Int {
  try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
}
