internal import ProcessTreeBase

/// Hands outputs from a run to the task that reads them, one batch at a time.
final class Handoff<Output: Sendable>: Sendable {
  private struct State {
    var outputs: [Output]?
    var end: Result<Void, any Error>?
  }

  private let state = Protected(State())

  /// Gives outputs once the reader has taken those before.
  ///
  /// - Throws: `CancellationError`.
  func give(_ outputs: [Output]) async throws {
    guard !outputs.isEmpty else { return }
    try await state.wait { state -> Void? in
      guard state.outputs == nil else { return nil }
      state.outputs = outputs
      return
    }
  }

  /// Ends the outputs.
  func finish(_ end: Result<Void, any Error>) { state.withLock { $0.end = end } }

  /// Waits for the next outputs, even if the task is cancelled.
  ///
  /// - Returns: The outputs; nil at the end.
  func take() async throws -> [Output]? {
    try await state.waitShielded { state -> Result<[Output]?, any Error>? in
      if let outputs = state.outputs.take() { return .success(outputs) }
      return state.end.map { end in end.map { nil } }
    }.get()
  }
}
