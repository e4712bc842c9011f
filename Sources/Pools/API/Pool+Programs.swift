public import ProcessTree
public import ProcessTreeStages

extension Pool {
  /// Runs a program for each element of a sequence; results in the order of the inputs.
  ///
  /// ```swift
  /// let pages = try await pool.map(urls) { Fetch(url: $0) }
  /// ```
  ///
  /// Programs run inside the workers' processes, one at a time in each. The first that fails ends the
  /// call: it throws a `PoolFailure` and others are stopped. Throws also `PoolError`,
  /// `CancellationError`.
  @inlinable
  public func map<Inputs: Sequence, Program: NodeProgram>(
    _ inputs: Inputs, options: CallOptions = CallOptions(),
    _ program: @escaping (Inputs.Element) -> Program
  ) async throws -> [Program.Output] {
    try await collect(InputSource(inputs, program), options)
  }

  @usableFromInline
  func collect<Program: NodeProgram>(
    _ programs: InputSource<Program>, _ options: CallOptions
  ) async throws -> [Program.Output] {
    try await collect(programs, ProgramWork<Program>(), options).map { $0.value }
  }

  /// Runs a program for each element of a sequence, as a stream in the order of the
  /// inputs.
  public func stream<Inputs: Sequence, Program: NodeProgram>(
    _ inputs: Inputs, options: CallOptions = CallOptions(),
    _ program: @escaping (Inputs.Element) -> Program
  ) -> PoolStream<Program.Output> {
    stream(
      inputs, ProgramWork<Program>(), options, order: .ofInputs, input: program,
      chunk: { $0.values(\.value) })
  }

  /// Runs a program for each element of a sequence, as a stream of results as they
  /// are completed, each with the number of its input.
  public func unordered<Inputs: Sequence, Program: NodeProgram>(
    _ inputs: Inputs, options: CallOptions = CallOptions(),
    _ program: @escaping (Inputs.Element) -> Program
  ) -> PoolStream<(index: Int, output: Program.Output)> {
    stream(
      inputs, ProgramWork<Program>(), options, order: .ofCompletion, input: program,
      chunk: { $0.numbered(\.value) })
  }

  /// Runs a program for each element of a sequence, as a stream of what became of
  /// each, as they are completed; failures are elements.
  public func outcomes<Inputs: Sequence, Program: NodeProgram>(
    of inputs: Inputs, options: CallOptions = CallOptions(),
    _ program: @escaping (Inputs.Element) -> Program
  ) -> PoolStream<PoolOutcome<Program.Output>> {
    stream(
      inputs, ProgramWork<Program>(), options, order: .ofCompletion, input: program,
      chunk: { $0.outcomes(\.value) })
  }

  /// Runs a program for each element of an asynchronous sequence; results in the order of the inputs.
  ///
  /// ```swift
  /// let pages = try await pool.map(urls) { Fetch(url: $0) }
  /// ```
  ///
  /// Programs run inside the workers' processes, one at a time in each. The first that fails ends the
  /// call: it throws a `PoolFailure` and others are stopped. Throws also `PoolError`,
  /// `CancellationError`, and what the inputs throw.
  public func map<Inputs: AsyncSequence & Sendable, Program: NodeProgram>(
    _ inputs: Inputs, options: CallOptions = CallOptions(),
    _ program: @escaping @Sendable (Inputs.Element) -> Program
  ) async throws -> [Program.Output] where Inputs.Element: Sendable {
    try await collect(inputs, ProgramWork<Program>(), options, input: program).map(\.value)
  }

  /// Runs a program for each element of an asynchronous sequence, as a stream in the order of the
  /// inputs.
  public func stream<Inputs: AsyncSequence & Sendable, Program: NodeProgram>(
    _ inputs: Inputs, options: CallOptions = CallOptions(),
    _ program: @escaping @Sendable (Inputs.Element) -> Program
  ) -> PoolStream<Program.Output> where Inputs.Element: Sendable {
    stream(
      inputs, ProgramWork<Program>(), options, order: .ofInputs, input: program,
      chunk: { $0.values(\.value) })
  }

  /// Runs a program for each element of an asynchronous sequence, as a stream of results as they
  /// are completed, each with the number of its input.
  public func unordered<Inputs: AsyncSequence & Sendable, Program: NodeProgram>(
    _ inputs: Inputs, options: CallOptions = CallOptions(),
    _ program: @escaping @Sendable (Inputs.Element) -> Program
  ) -> PoolStream<(index: Int, output: Program.Output)> where Inputs.Element: Sendable {
    stream(
      inputs, ProgramWork<Program>(), options, order: .ofCompletion, input: program,
      chunk: { $0.numbered(\.value) })
  }

  /// Runs a program for each element of an asynchronous sequence, as a stream of what became of
  /// each, as they are completed; failures are elements.
  public func outcomes<Inputs: AsyncSequence & Sendable, Program: NodeProgram>(
    of inputs: Inputs, options: CallOptions = CallOptions(),
    _ program: @escaping @Sendable (Inputs.Element) -> Program
  ) -> PoolStream<PoolOutcome<Program.Output>> where Inputs.Element: Sendable {
    stream(
      inputs, ProgramWork<Program>(), options, order: .ofCompletion, input: program,
      chunk: { $0.outcomes(\.value) })
  }

  /// Runs a program in a worker's process.
  ///
  /// Throws `PoolFailure`, `PoolError` and `CancellationError`.
  public func run<Program: NodeProgram>(
    _ program: Program, options: CallOptions = CallOptions()
  ) async throws -> Program.Output {
    guard let output = try await single(program, ProgramWork<Program>(), options).first else {
      throw PoolError.shutDown
    }
    return output.value
  }
}
