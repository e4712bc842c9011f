/// State that belongs to the loop's thread, carried by values that may be anywhere.
///
/// The compiler sees that the state cannot be used concurrently; that it is used on the right
/// thread is checked at each access.
package struct LoopBound<State>: @unchecked Sendable {
  package let loop: EventLoop
  private let state: State

  package init(_ state: State, on loop: EventLoop) {
    self.loop = loop
    self.state = state
  }

  /// The state; traps when the caller is not on the loop.
  package var value: State {
    loop.assertCurrent()
    return state
  }

  /// Runs `body` with the state on the loop, hopping there when the caller is elsewhere.
  package func run<Success: Sendable>(
    _ body: @escaping @Sendable (State) throws -> Success
  ) async throws -> Success {
    guard !loop.isCurrent else { return try body(state) }
    return try await loop.run { try body(self.value) }
  }

  /// Runs `body` with the state on the loop soon, or at once when the caller is there.
  package func perform(_ body: @escaping @Sendable (State) -> Void) {
    guard !loop.isCurrent else { return body(state) }
    loop.perform { body(self.value) }
  }
}
