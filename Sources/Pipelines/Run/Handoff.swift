internal import Synchronization

/// Hands outputs from a run to whoever reads them, one batch at a time.
final class Handoff<Output: Sendable>: Sendable {
  private struct State {
    var outputs: [Output]?
    var end: Result<Void, any Error>?
    var giver: UnsafeContinuation<Void, Never>?
    var taker: UnsafeContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  /// Gives outputs once those before have been taken.
  ///
  /// Throws `CancellationError`.
  func give(_ outputs: [Output]) async throws {
    guard !outputs.isEmpty else { return }
    await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        let isWaiting = state.withLock { state in
          guard state.outputs != nil, !Task.isCancelled else { return false }
          state.giver = continuation
          return true
        }
        if !isWaiting { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.giver.take() }?.resume()
    }
    try Task.checkCancellation()
    state.withLock { state in
      state.outputs = outputs
      return state.taker.take()
    }?.resume()
  }

  /// Nothing more will be given.
  func finish(_ end: Result<Void, any Error>) {
    state.withLock { state in
      state.end = end
      return state.taker.take()
    }?.resume()
  }

  /// What has been given; nil at the end.
  ///
  /// Waits for that even when the task is cancelled.
  func take() async throws -> [Output]? {
    while true {
      let (outputs, end, giver) = state.withLock { state in
        (state.outputs.take(), state.end, state.giver.take())
      }
      giver?.resume()
      if let outputs { return outputs }
      if let end {
        try end.get()
        return nil
      }
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        let isWaiting = state.withLock { state in
          guard state.outputs == nil, state.end == nil else { return false }
          state.taker = continuation
          return true
        }
        if !isWaiting { continuation.resume() }
      }
    }
  }
}
