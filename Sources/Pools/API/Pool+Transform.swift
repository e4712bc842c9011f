public import ProcessTreeStages

extension Pool {
  /// Runs a transform over a sequence; results in the order of the inputs.
  ///
  /// The first input that fails ends the call: it throws a `PoolFailure` and other inputs are
  /// stopped. Throws also `PoolError`, `CancellationError`.
  @inlinable
  public func map<Inputs: Sequence, Body: Transform>(
    _ inputs: Inputs, using transform: Body, options: CallOptions = CallOptions()
  ) async throws -> [Body.Output] where Inputs.Element == Body.Input {
    try await collect(InputSource(inputs) { $0 }, transform, options)
  }

  @usableFromInline
  func collect<Body: Transform>(
    _ inputs: InputSource<Body.Input>, _ transform: Body, _ options: CallOptions
  ) async throws -> [Body.Output] {
    try await collect(inputs, TransformWork(body: transform), options)
  }

  /// Runs a transform over a sequence, as a stream in the order of the inputs.
  public func stream<Inputs: Sequence, Body: Transform>(
    _ inputs: Inputs, using transform: Body, options: CallOptions = CallOptions()
  ) -> PoolStream<Body.Output> where Inputs.Element == Body.Input {
    stream(
      inputs, TransformWork(body: transform), options, order: .ofInputs, input: { $0 },
      chunk: { $0.values { $0 } })
  }

  /// Runs a transform over a sequence, as a stream of results as they are completed, each with the
  /// number of its input.
  public func unordered<Inputs: Sequence, Body: Transform>(
    _ inputs: Inputs, using transform: Body, options: CallOptions = CallOptions()
  ) -> PoolStream<(index: Int, output: Body.Output)> where Inputs.Element == Body.Input {
    stream(
      inputs, TransformWork(body: transform), options, order: .ofCompletion, input: { $0 },
      chunk: { $0.numbered { $0 } })
  }

  /// Runs a transform over a sequence, as a stream of what became of each input, as they are completed;
  /// failures are elements.
  public func outcomes<Inputs: Sequence, Body: Transform>(
    of inputs: Inputs, using transform: Body, options: CallOptions = CallOptions()
  ) -> PoolStream<PoolOutcome<Body.Output>> where Inputs.Element == Body.Input {
    stream(
      inputs, TransformWork(body: transform), options, order: .ofCompletion, input: { $0 },
      chunk: { $0.outcomes { $0 } })
  }

  /// Runs a transform over an asynchronous sequence; results in the order of the inputs.
  ///
  /// The first input that fails ends the call: it throws a `PoolFailure` and other inputs are
  /// stopped. Throws also `PoolError`, `CancellationError`, and what the inputs throw.
  public func map<Inputs: AsyncSequence & Sendable, Body: Transform>(
    _ inputs: Inputs, using transform: Body, options: CallOptions = CallOptions()
  ) async throws -> [Body.Output] where Inputs.Element == Body.Input {
    try await collect(inputs, TransformWork(body: transform), options) { $0 }
  }

  /// Runs a transform over an asynchronous sequence, as a stream in the order of the inputs.
  public func stream<Inputs: AsyncSequence & Sendable, Body: Transform>(
    _ inputs: Inputs, using transform: Body, options: CallOptions = CallOptions()
  ) -> PoolStream<Body.Output> where Inputs.Element == Body.Input {
    stream(
      inputs, TransformWork(body: transform), options, order: .ofInputs, input: { $0 },
      chunk: { $0.values { $0 } })
  }

  /// Runs a transform over an asynchronous sequence, as a stream of results as they are completed, each with the
  /// number of its input.
  public func unordered<Inputs: AsyncSequence & Sendable, Body: Transform>(
    _ inputs: Inputs, using transform: Body, options: CallOptions = CallOptions()
  ) -> PoolStream<(index: Int, output: Body.Output)> where Inputs.Element == Body.Input {
    stream(
      inputs, TransformWork(body: transform), options, order: .ofCompletion, input: { $0 },
      chunk: { $0.numbered { $0 } })
  }

  /// Runs a transform over an asynchronous sequence, as a stream of what became of each input, as they are completed;
  /// failures are elements.
  public func outcomes<Inputs: AsyncSequence & Sendable, Body: Transform>(
    of inputs: Inputs, using transform: Body, options: CallOptions = CallOptions()
  ) -> PoolStream<PoolOutcome<Body.Output>> where Inputs.Element == Body.Input {
    stream(
      inputs, TransformWork(body: transform), options, order: .ofCompletion, input: { $0 },
      chunk: { $0.outcomes { $0 } })
  }

  /// Runs a transform for one input.
  ///
  /// Throws `PoolFailure`, `PoolError` and `CancellationError`.
  public func call<Body: Transform>(
    _ input: Body.Input, using transform: Body, options: CallOptions = CallOptions()
  ) async throws -> Body.Output {
    guard let output = try await single(input, TransformWork(body: transform), options).first else {
      throw PoolError.shutDown
    }
    return output
  }
}
