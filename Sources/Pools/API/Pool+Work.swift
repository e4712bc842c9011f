public import ProcessTree
public import ProcessTreeStages

extension Pool {
  /// Runs a step over a sequence; returns the outputs in the order of the inputs.
  ///
  /// A stage processes each input with a copy of its own, which finishes with that input. The first
  /// input that fails ends the call, and the pool stops the others.
  ///
  /// - Throws: `PoolFailure` for an input that failed; `PoolError`; `CancellationError`.
  @inlinable
  public func map<Inputs: Sequence, Work: Step>(
    over inputs: Inputs, using step: Work, options: CallOptions = CallOptions()
  ) async throws -> [Work.Output] where Inputs.Element == Work.Input {
    try await collect(InputSource(inputs) { $0 }, step, options)
  }

  /// Runs a step over an asynchronous sequence; otherwise as `map(over:using:options:)`.
  ///
  /// - Throws: Also what the sequence throws.
  public func map<Inputs: AsyncSequence & Sendable, Work: Step>(
    over inputs: Inputs, using step: Work, options: CallOptions = CallOptions()
  ) async throws -> [Work.Output] where Inputs.Element == Work.Input {
    try await collect(inputs, step, options) { $0 }
  }

  /// Runs a program for each element of a sequence; returns the results in the order of the
  /// elements.
  ///
  /// ```swift
  /// let pages = try await pool.map(over: urls) { Fetch(url: $0) }
  /// ```
  ///
  /// Programs run inside the workers' processes, one at a time in each. Otherwise as
  /// `map(over:using:options:)`.
  ///
  /// - Throws: The errors of `map(over:using:options:)`.
  @inlinable
  public func map<Inputs: Sequence, Program: NodeProgram>(
    over inputs: Inputs, options: CallOptions = CallOptions(),
    _ program: @escaping (Inputs.Element) -> Program
  ) async throws -> [Program.Output] {
    try await collect(InputSource(inputs, program), options)
  }

  /// Runs a program for each element of an asynchronous sequence; otherwise as
  /// `map(over:options:_:)`.
  ///
  /// - Throws: Also what the sequence throws.
  public func map<Inputs: AsyncSequence & Sendable, Program: NodeProgram>(
    over inputs: Inputs, options: CallOptions = CallOptions(),
    _ program: @escaping @Sendable (Inputs.Element) -> Program
  ) async throws -> [Program.Output] where Inputs.Element: Sendable {
    try await collect(inputs, ProgramStep<Program>(), options, input: program).map(\.value)
  }

  /// Runs a step over a sequence; the outputs are a stream in the order of the inputs.
  ///
  /// ```swift
  /// for try await count in pool.stream(over: spans, using: CountPrimes()) { primes += count }
  /// ```
  ///
  /// `PoolStream/outcomes` of the stream has the outcomes of all inputs as they complete.
  public func stream<Inputs: Sequence, Work: Step>(
    over inputs: Inputs, using step: Work, options: CallOptions = CallOptions()
  ) -> PoolStream<Work.Output> where Inputs.Element == Work.Input {
    stream(step, options, { InputSource(inputs) { $0 } }, output: { $0 })
  }

  /// Runs a step over an asynchronous sequence as a stream; otherwise as
  /// `stream(over:using:options:)`.
  public func stream<Inputs: AsyncSequence & Sendable, Work: Step>(
    over inputs: Inputs, using step: Work, options: CallOptions = CallOptions()
  ) -> PoolStream<Work.Output> where Inputs.Element == Work.Input {
    stream(inputs, step, options, input: { $0 }, output: { $0 })
  }

  /// Runs a program for each element of a sequence; the results are a stream in the order of the
  /// elements.
  public func stream<Inputs: Sequence, Program: NodeProgram>(
    over inputs: Inputs, options: CallOptions = CallOptions(),
    _ program: @escaping @Sendable (Inputs.Element) -> Program
  ) -> PoolStream<Program.Output> {
    stream(ProgramStep(), options, { InputSource(inputs, program) }, output: \.value)
  }

  /// Runs a program for each element of an asynchronous sequence; the results are a stream in the
  /// order of the elements.
  public func stream<Inputs: AsyncSequence & Sendable, Program: NodeProgram>(
    over inputs: Inputs, options: CallOptions = CallOptions(),
    _ program: @escaping @Sendable (Inputs.Element) -> Program
  ) -> PoolStream<Program.Output> where Inputs.Element: Sendable {
    stream(inputs, ProgramStep(), options, input: program, output: \.value)
  }

  /// Runs a transform for one input.
  ///
  /// - Throws: `PoolFailure`, `PoolError`, `CancellationError`.
  public func call<Work: Transform>(
    _ input: Work.Input, using transform: Work, options: CallOptions = CallOptions()
  ) async throws -> Work.Output {
    try only(try await map(over: CollectionOfOne(input), using: transform, options: options))
  }

  /// Runs a program in a worker's process.
  ///
  /// - Throws: `PoolFailure`, `PoolError`, `CancellationError`.
  public func run<Program: NodeProgram>(
    _ program: Program, options: CallOptions = CallOptions()
  ) async throws -> Program.Output {
    try only(try await map(over: CollectionOfOne(program), options: options) { $0 })
  }

  private func only<Output>(_ outputs: [Output]) throws -> Output {
    guard let output = outputs.first else { throw PoolError.shutDown }
    return output
  }
}
