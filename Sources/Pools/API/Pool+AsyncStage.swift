public import ProcessTreeStages

extension Pool {
  /// Runs an asynchronous stage over a sequence; results in the order of the inputs.
  ///
  /// The first input that fails ends the call: it throws a `PoolFailure` and other inputs are
  /// stopped. Throws also `PoolError`, `CancellationError`.
  public func map<Inputs: Sequence, Body: AsyncStage>(
    _ inputs: Inputs, using stage: Body, options: CallOptions = CallOptions()
  ) async throws -> [Body.Output] where Inputs.Element == Body.Input {
    try await collect(InputSource(inputs) { $0 }, AsyncStageWork(body: stage), options)
  }

  /// Runs an asynchronous stage over a sequence, as a stream in the order of the inputs.
  public func stream<Inputs: Sequence, Body: AsyncStage>(
    _ inputs: Inputs, using stage: Body, options: CallOptions = CallOptions()
  ) -> PoolStream<Body.Output> where Inputs.Element == Body.Input {
    stream(
      inputs, AsyncStageWork(body: stage), options, order: .ofInputs, input: { $0 },
      chunk: { $0.values { $0 } })
  }

  /// Runs an asynchronous stage over a sequence, as a stream of results as they complete, each with
  /// the number of its input.
  public func unordered<Inputs: Sequence, Body: AsyncStage>(
    _ inputs: Inputs, using stage: Body, options: CallOptions = CallOptions()
  ) -> PoolStream<(index: Int, output: Body.Output)> where Inputs.Element == Body.Input {
    stream(
      inputs, AsyncStageWork(body: stage), options, order: .ofCompletion, input: { $0 },
      chunk: { $0.numbered { $0 } })
  }

  /// Runs an asynchronous stage over a sequence, as a stream of the outcomes of inputs as they
  /// complete; failures are elements.
  public func outcomes<Inputs: Sequence, Body: AsyncStage>(
    of inputs: Inputs, using stage: Body, options: CallOptions = CallOptions()
  ) -> PoolStream<PoolOutcome<Body.Output>> where Inputs.Element == Body.Input {
    stream(
      inputs, AsyncStageWork(body: stage), options, order: .ofCompletion, input: { $0 },
      chunk: { $0.outcomes { $0 } })
  }

  /// Runs an asynchronous stage over an asynchronous sequence; results in the order of the inputs.
  ///
  /// The first input that fails ends the call: it throws a `PoolFailure` and other inputs are
  /// stopped. Throws also `PoolError`, `CancellationError`, and what the inputs throw.
  public func map<Inputs: AsyncSequence & Sendable, Body: AsyncStage>(
    _ inputs: Inputs, using stage: Body, options: CallOptions = CallOptions()
  ) async throws -> [Body.Output] where Inputs.Element == Body.Input {
    try await collect(inputs, AsyncStageWork(body: stage), options) { $0 }
  }

  /// Runs an asynchronous stage over an asynchronous sequence, as a stream in the order of the
  /// inputs.
  public func stream<Inputs: AsyncSequence & Sendable, Body: AsyncStage>(
    _ inputs: Inputs, using stage: Body, options: CallOptions = CallOptions()
  ) -> PoolStream<Body.Output> where Inputs.Element == Body.Input {
    stream(
      inputs, AsyncStageWork(body: stage), options, order: .ofInputs, input: { $0 },
      chunk: { $0.values { $0 } })
  }

  /// Runs an asynchronous stage over an asynchronous sequence, as a stream of results as they
  /// complete, each with the number of its input.
  public func unordered<Inputs: AsyncSequence & Sendable, Body: AsyncStage>(
    _ inputs: Inputs, using stage: Body, options: CallOptions = CallOptions()
  ) -> PoolStream<(index: Int, output: Body.Output)> where Inputs.Element == Body.Input {
    stream(
      inputs, AsyncStageWork(body: stage), options, order: .ofCompletion, input: { $0 },
      chunk: { $0.numbered { $0 } })
  }

  /// Runs an asynchronous stage over an asynchronous sequence, as a stream of outcomes as they
  /// complete; failures are elements.
  public func outcomes<Inputs: AsyncSequence & Sendable, Body: AsyncStage>(
    of inputs: Inputs, using stage: Body, options: CallOptions = CallOptions()
  ) -> PoolStream<PoolOutcome<Body.Output>> where Inputs.Element == Body.Input {
    stream(
      inputs, AsyncStageWork(body: stage), options, order: .ofCompletion, input: { $0 },
      chunk: { $0.outcomes { $0 } })
  }

  /// Runs a stage that waits for one input; all that it emits.
  ///
  /// Throws `PoolFailure`, `PoolError` and `CancellationError`.
  public func call<Body: AsyncStage>(
    _ input: Body.Input, using stage: Body, options: CallOptions = CallOptions()
  ) async throws -> [Body.Output] {
    try await single(input, AsyncStageWork(body: stage), options)
  }
}
