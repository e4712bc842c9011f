/// A state behind a lock, on which tasks can wait for what they need.
///
/// Each change tries the waiting tasks in their order and resumes those whose condition holds. Code
/// that changes the state therefore need not know the tasks, and cannot forget one. Use it for few
/// waiters, because each change tries them all. The closures run under the lock, must be short and
/// must not use the value that protects them.
package final class Protected<State: Sendable>: Sendable {
  /// A task that waits.
  @usableFromInline
  struct Wait {
    let waiter: Waiter
    /// Takes what the task needs; false while that is not there.
    let take: @Sendable (inout State) -> Bool
  }

  @usableFromInline
  struct Contents {
    @usableFromInline var state: State
    @usableFromInline var waits: [Wait] = []
    /// Waiters whose tasks have what they need, to be resumed once the lock is free.
    @usableFromInline var served: [Waiter] = []

    /// Serves the tasks that can go on; what one takes may be what an earlier one lacked.
    @usableFromInline
    mutating func serve() {
      var index = 0
      while index < waits.count {
        if waits[index].take(&state) {
          served.append(waits.remove(at: index).waiter)
          index = 0
        } else {
          index += 1
        }
      }
    }
  }

  @usableFromInline let contents: Lock<Contents>

  /// Protects a state.
  package init(_ state: State) { contents = Lock(Contents(state: state)) }

  /// Looks at the state or changes it, under the lock; then lets the tasks go on that can.
  @inlinable
  package func withLock<Value>(_ body: (inout State) throws -> Value) rethrows -> Value {
    try change { contents in try body(&contents.state) }
  }

  @inlinable
  func change<Value>(_ body: (inout Contents) throws -> Value) rethrows -> Value {
    var served: [Waiter] = []
    defer { for waiter in served { waiter.resume() } }
    return try contents.withLock { contents in
      defer {
        if !contents.waits.isEmpty {
          contents.serve()
          swap(&served, &contents.served)
        }
      }
      return try body(&contents)
    }
  }

  /// Waits until `take` returns something, and returns that.
  ///
  /// - Parameter take: Called at once, and after each change of the state. It may change the state
  ///   when it returns something.
  /// - Throws: `CancellationError` when the task is cancelled and nothing was taken.
  package func wait<Value: Sendable>(
    for take: @escaping @Sendable (inout State) -> Value?
  ) async throws -> Value {
    try Task.checkCancellation()
    let wanted = Wanted<Value>()
    if let waiter = begin(wanted, take), await !waiter.wait() {
      change { contents in contents.waits.removeAll { $0.waiter === waiter } }
    }
    guard let value = wanted.value else { throw CancellationError() }
    return value
  }

  /// Waits until a condition holds; throws `CancellationError` when the task is cancelled before.
  package func wait(until condition: @escaping @Sendable (State) -> Bool) async throws {
    try await wait { state -> Void? in condition(state) ? () : nil }
  }

  /// Waits until `take` returns something, even when the task is cancelled.
  package func waitShielded<Value: Sendable>(
    for take: @escaping @Sendable (inout State) -> Value?
  ) async -> Value {
    let wanted = Wanted<Value>()
    await begin(wanted, take)?.waitShielded()
    guard let value = wanted.value else { preconditionFailure("nothing was taken for the task") }
    return value
  }

  /// Takes the value if it is there; else a waiter that is resumed once it has been taken.
  private func begin<Value: Sendable>(
    _ wanted: Wanted<Value>, _ take: @escaping @Sendable (inout State) -> Value?
  ) -> Waiter? {
    change { contents in
      wanted.value = take(&contents.state)
      guard wanted.value == nil else { return nil }
      let waiter = Waiter()
      contents.waits.append(
        Wait(waiter: waiter) { state in
          wanted.value = take(&state)
          return wanted.value != nil
        })
      return waiter
    }
  }
}

/// The value that a task waits for; written under the lock, and read by the task after its last
/// try.
private final class Wanted<Value: Sendable>: @unchecked Sendable {
  var value: Value?
}
