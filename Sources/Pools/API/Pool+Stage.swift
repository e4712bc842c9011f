public import ProcessTreeStages

extension Pool {
  /// Runs a stage over a sequence; results in the order of the inputs.
  ///
  /// The first input that fails ends the call: it throws a `PoolFailure` and other inputs are
  /// stopped. Throws also `PoolError`, `CancellationError`.
  @inlinable
  public func map<Inputs: Sequence, Body: Stage>(
    _ inputs: Inputs, using stage: Body, options: CallOptions = CallOptions()
  ) async throws -> [Body.Output] where Inputs.Element == Body.Input {
    try await collect(InputSource(inputs) { $0 }, stage, options)
  }

  @usableFromInline
  func collect<Body: Stage>(
    _ inputs: InputSource<Body.Input>, _ stage: Body, _ options: CallOptions
  ) async throws -> [Body.Output] {
    try await collect(inputs, StageWork(body: stage), options)
  }

  /// Runs a stage over a sequence, as a stream in the order of the inputs.
  public func stream<Inputs: Sequence, Body: Stage>(
    _ inputs: Inputs, using stage: Body, options: CallOptions = CallOptions()
  ) -> PoolStream<Body.Output> where Inputs.Element == Body.Input {
    stream(
      inputs, StageWork(body: stage), options, order: .ofInputs, input: { $0 },
      chunk: { $0.values { $0 } })
  }

  /// Runs a stage over a sequence, as a stream of results as they are completed, each with the
  /// number of its input.
  public func unordered<Inputs: Sequence, Body: Stage>(
    _ inputs: Inputs, using stage: Body, options: CallOptions = CallOptions()
  ) -> PoolStream<(index: Int, output: Body.Output)> where Inputs.Element == Body.Input {
    stream(
      inputs, StageWork(body: stage), options, order: .ofCompletion, input: { $0 },
      chunk: { $0.numbered { $0 } })
  }

  /// Runs a stage over a sequence, as a stream of what became of each input, as they are completed;
  /// failures are elements.
  public func outcomes<Inputs: Sequence, Body: Stage>(
    of inputs: Inputs, using stage: Body, options: CallOptions = CallOptions()
  ) -> PoolStream<PoolOutcome<Body.Output>> where Inputs.Element == Body.Input {
    stream(
      inputs, StageWork(body: stage), options, order: .ofCompletion, input: { $0 },
      chunk: { $0.outcomes { $0 } })
  }

  /// Runs a stage over an asynchronous sequence; results in the order of the inputs.
  ///
  /// The first input that fails ends the call: it throws a `PoolFailure` and other inputs are
  /// stopped. Throws also `PoolError`, `CancellationError`, and what the inputs throw.
  public func map<Inputs: AsyncSequence & Sendable, Body: Stage>(
    _ inputs: Inputs, using stage: Body, options: CallOptions = CallOptions()
  ) async throws -> [Body.Output] where Inputs.Element == Body.Input {
    try await collect(inputs, StageWork(body: stage), options) { $0 }
  }

  /// Runs a stage over an asynchronous sequence, as a stream in the order of the inputs.
  public func stream<Inputs: AsyncSequence & Sendable, Body: Stage>(
    _ inputs: Inputs, using stage: Body, options: CallOptions = CallOptions()
  ) -> PoolStream<Body.Output> where Inputs.Element == Body.Input {
    stream(
      inputs, StageWork(body: stage), options, order: .ofInputs, input: { $0 },
      chunk: { $0.values { $0 } })
  }

  /// Runs a stage over an asynchronous sequence, as a stream of results as they are completed, each with the
  /// number of its input.
  public func unordered<Inputs: AsyncSequence & Sendable, Body: Stage>(
    _ inputs: Inputs, using stage: Body, options: CallOptions = CallOptions()
  ) -> PoolStream<(index: Int, output: Body.Output)> where Inputs.Element == Body.Input {
    stream(
      inputs, StageWork(body: stage), options, order: .ofCompletion, input: { $0 },
      chunk: { $0.numbered { $0 } })
  }

  /// Runs a stage over an asynchronous sequence, as a stream of what became of each input, as they are completed;
  /// failures are elements.
  public func outcomes<Inputs: AsyncSequence & Sendable, Body: Stage>(
    of inputs: Inputs, using stage: Body, options: CallOptions = CallOptions()
  ) -> PoolStream<PoolOutcome<Body.Output>> where Inputs.Element == Body.Input {
    stream(
      inputs, StageWork(body: stage), options, order: .ofCompletion, input: { $0 },
      chunk: { $0.outcomes { $0 } })
  }

  /// Runs a stage for one input; all that it emits.
  ///
  /// Throws `PoolFailure`, `PoolError` and `CancellationError`.
  public func call<Body: Stage>(
    _ input: Body.Input, using stage: Body, options: CallOptions = CallOptions()
  ) async throws -> [Body.Output] {
    try await single(input, StageWork(body: stage), options)
  }
}
