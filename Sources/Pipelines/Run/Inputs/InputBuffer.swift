internal import Synchronization

/// Inputs that have been read and not been taken yet.
final class InputBuffer<Input: Sendable>: Sendable {
  private struct State {
    var inputs: [Input] = []
    var bytes = 0
    /// How many inputs are to be kept ready.
    var wanted = 1
    var isAtEnd = false
    var reader: UnsafeContinuation<Void, Never>?
    var taker: UnsafeContinuation<Void, Never>?

    var isFull: Bool { inputs.count >= wanted || bytes >= EnvelopeSizer.bytes }
  }

  private let state = Mutex(State())

  /// Adds an input; returns when there is room for another one.
  ///
  /// Throws `CancellationError`.
  func add(_ input: Input) async throws {
    state.withLock { state in
      state.inputs.append(input)
      state.bytes += EnvelopeSizer.bytes(of: input)
      return state.taker.take()
    }?.resume()
    await wait(in: \.reader, while: \.isFull)
    try Task.checkCancellation()
  }

  /// Nothing more is added.
  func finish() {
    state.withLock { state in
      state.isAtEnd = true
      return state.taker.take()
    }?.resume()
  }

  /// Up to `count` inputs, at least one; none at the end.
  ///
  /// Throws `CancellationError`.
  func take(_ count: Int) async throws -> [Input] {
    await wait(in: \.taker) { $0.inputs.isEmpty && !$0.isAtEnd }
    try Task.checkCancellation()
    let (inputs, reader) = state.withLock { state in
      let inputs = Array(state.inputs.prefix(count))
      state.inputs.removeFirst(inputs.count)
      for input in inputs { state.bytes -= EnvelopeSizer.bytes(of: input) }
      state.wanted = count
      return (inputs, state.reader.take())
    }
    reader?.resume()
    return inputs
  }

  private func wait(
    in place: any WritableKeyPath<State, UnsafeContinuation<Void, Never>?> & Sendable,
    while mustWait: @Sendable (borrowing State) -> Bool
  ) async {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        let isWaiting = state.withLock { state in
          guard mustWait(state), !Task.isCancelled else { return false }
          state[keyPath: place] = continuation
          return true
        }
        if !isWaiting { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0[keyPath: place].take() }?.resume()
    }
  }
}
