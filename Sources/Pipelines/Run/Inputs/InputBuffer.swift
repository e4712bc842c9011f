internal import ProcessTreeBase

/// Inputs that have been read and not been taken yet.
final class InputBuffer<Input: Sendable>: Sendable {
  private struct State {
    var inputs: [Input] = []
    var bytes = 0
    /// How many inputs are to be kept ready.
    var wanted = 1
    var isAtEnd = false

    var isFull: Bool { inputs.count >= wanted || bytes >= EnvelopeSizer.bytes }

    mutating func take(_ count: Int) -> [Input] {
      let taken = Array(inputs.prefix(count))
      inputs.removeFirst(taken.count)
      for input in taken { bytes -= EnvelopeSizer.bytes(of: input) }
      wanted = count
      return taken
    }
  }

  private let state = Protected(State())

  /// Adds an input; returns when there is room for another one.
  ///
  /// Throws `CancellationError`.
  func add(_ input: Input) async throws {
    state.withLock { state in
      state.inputs.append(input)
      state.bytes += EnvelopeSizer.bytes(of: input)
    }
    try await state.wait(until: { !$0.isFull })
  }

  /// Nothing more is added.
  func finish() { state.withLock { $0.isAtEnd = true } }

  /// Up to `count` inputs, at least one; none at the end.
  ///
  /// Throws `CancellationError`.
  func take(_ count: Int) async throws -> [Input] {
    try await state.wait { $0.inputs.isEmpty && !$0.isAtEnd ? nil : $0.take(count) }
  }
}
