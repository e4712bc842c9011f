internal import ProcessTreeBase
internal import ProcessTreeLinks

/// Callers that wait on the loop for one event, each at most for a time of its own.
///
/// Belongs to the loop.
final class Waiters<Value> {
  private let timers: TimerQueue
  private var bodies: [UInt64: (Value?) -> Void] = [:]
  private var deadlines: [UInt64: TimerQueue.ID] = [:]
  private var next: UInt64 = 0

  init(on timers: TimerQueue) { self.timers = timers }

  /// Calls `body` with the value once it is there, or with nil after `time` or when it is
  /// cancelled.
  ///
  /// - Returns: A number to cancel by.
  @discardableResult
  func add(within time: Duration?, _ body: @escaping (Value?) -> Void) -> UInt64 {
    let id = next
    next += 1
    bodies[id] = body
    if let time { deadlines[id] = timers.schedule(after: time) { [weak self] in self?.cancel(id) } }
    return id
  }

  func cancel(_ id: UInt64) { take(id)?(nil) }

  var isEmpty: Bool { bodies.isEmpty }

  /// Calls all of them, in the order in which they came.
  func resume(_ value: Value) {
    for id in bodies.keys.sorted() { take(id)?(value) }
  }

  private func take(_ id: UInt64) -> ((Value?) -> Void)? {
    if let deadline = deadlines.removeValue(forKey: id) { timers.cancel(deadline) }
    return bodies.removeValue(forKey: id)
  }
}

/// The wait of one task.
///
/// Belongs to the loop; ends once.
final class Wait<Value: Sendable> {
  private var continuation: TaskContinuation<Value?, Never>?
  private var isCancelled = false
  private var withdraw: (() -> Void)?

  fileprivate init() {}

  fileprivate func begin(_ continuation: TaskContinuation<Value?, Never>) {
    self.continuation = continuation
  }

  /// Waits with others, at most for a time.
  func join(_ waiters: Waiters<Value>, within time: Duration?) {
    guard !isCancelled else { return end(nil) }
    let id = waiters.add(within: time) { [self] in end($0) }
    withdraw = { waiters.cancel(id) }
  }

  /// Waits until somebody calls `end`.
  ///
  /// When the task is cancelled, `withdraw` is called, and the wait ends with nil.
  func expect(_ withdraw: @escaping () -> Void) {
    self.withdraw = { [self] in
      withdraw()
      end(nil)
    }
    if isCancelled { self.withdraw?() }
  }

  /// Resumes the task.
  func end(_ value: Value?) {
    continuation?.resume(returning: value)
    continuation = nil
    withdraw = nil
  }

  fileprivate func cancel() {
    isCancelled = true
    withdraw?()
  }
}

extension LoopBound {
  /// Suspends the task until the wait that `begin` gets on the loop ends; nil when the time of the
  /// wait is over, or when the task is cancelled.
  ///
  /// - Parameter isShielded: Whether the wait goes on when the task is cancelled.
  func wait<Value>(
    isShielded: Bool = false, _ begin: @escaping @Sendable (LoopBound<Wait<Value>>) -> Void
  ) async -> Value? {
    let wait = LoopBound<Wait<Value>>(Wait(), on: loop)
    return await withTaskCancellationHandler {
      await withTaskContinuation { continuation in
        guard isShielded || !Task.isCancelled else { return continuation.resume(returning: nil) }
        perform { _ in
          wait.value.begin(continuation)
          begin(wait)
        }
      }
    } onCancel: {
      // A wait that has not begun yet ends as soon as it does.
      if !isShielded { loop.perform { wait.value.cancel() } }
    }
  }
}
