/// State of the loop's thread, in a value that any thread may hold.
///
/// The compiler sees that the state cannot be used concurrently; each access checks the thread.
package struct LoopBound<State>: @unchecked Sendable {
  // Sendable: the state is reached on the loop's thread alone, which each access checks.
  package let loop: EventLoop
  private let state: State

  package init(_ state: State, on loop: EventLoop) {
    self.loop = loop
    self.state = state
  }

  /// The state; traps unless the caller is on the loop.
  package var value: State {
    loop.assertCurrent()
    return state
  }

  /// Runs `body` with the state on the loop; hops there if the caller is elsewhere.
  package func run<Success: Sendable>(
    _ body: @escaping @Sendable (State) throws -> Success
  ) async throws -> Success {
    guard !loop.isCurrent else { return try body(state) }
    return try await loop.run { try body(self.value) }
  }

  /// Runs `body` with the state on the loop: at once if the caller is on it, otherwise in its next
  /// turn.
  package func perform(_ body: @escaping @Sendable (State) -> Void) {
    guard !loop.isCurrent else { return body(state) }
    loop.perform { body(self.value) }
  }
}
