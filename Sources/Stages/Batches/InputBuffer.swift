internal import ProcessTreeBase

/// Inputs of an asynchronous sequence: one task reads them, as far as they are wanted, and another
/// takes those that are there.
///
/// So the inputs that are there leave together, and do not wait for those that are not.
package final class InputBuffer<Input: Sendable>: Sendable {
  private struct State {
    var inputs: [Input] = []
    var bytes = 0
    /// How many inputs are to be there.
    var wanted: Int
    var end: Result<Void, any Error>?

    var hasRoom: Bool { inputs.count < wanted && bytes < ChunkLimits.bytes }
  }

  private let state: Protected<State>
  private let readsAhead: Bool
  private let estimate = ByteEstimate<Input>()

  /// - Parameter readsAhead: Whether as many inputs as were taken last are read before they are
  ///   asked for.
  package init(readsAhead: Bool) {
    self.readsAhead = readsAhead
    state = Protected(State(wanted: readsAhead ? 1 : 0))
  }

  /// Reads a sequence to its end; ends early when the task is cancelled.
  package func fill<Inputs: AsyncSequence>(
    from inputs: Inputs, _ convert: (Inputs.Element) -> Input
  ) async {
    do {
      var iterator = inputs.makeAsyncIterator()
      try await state.wait(until: \.hasRoom)
      while let element = try await iterator.next(isolation: #isolation) {
        let input = convert(element)
        let hasRoom = state.withLock { state in
          state.inputs.append(input)
          state.bytes += estimate.bytes(of: input)
          return state.hasRoom
        }
        if !hasRoom { try await state.wait(until: \.hasRoom) }
        try Task.checkCancellation()
      }
      state.withLock { $0.end = .success(()) }
    } catch {
      state.withLock { $0.end = .failure(error) }
    }
  }

  /// Takes up to `count` inputs, at least one; none at the end.
  ///
  /// - Throws: What the sequence has thrown, after all inputs that came before;
  ///   `CancellationError`.
  package func take(_ count: Int) async throws -> [Input] {
    state.withLock { $0.wanted = max($0.wanted, count) }
    let estimate = estimate
    let readsAhead = readsAhead
    return try await state.wait { state -> Result<[Input], any Error>? in
      guard !state.inputs.isEmpty else { return state.end.map { end in end.map { [] } } }
      let taken = Array(state.inputs.prefix(count))
      state.inputs.removeFirst(taken.count)
      for input in taken { state.bytes -= estimate.bytes(of: input) }
      state.wanted = readsAhead ? count : count - taken.count
      return .success(taken)
    }.get()
  }
}
