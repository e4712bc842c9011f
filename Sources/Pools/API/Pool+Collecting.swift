internal import ProcessTreeStages

extension Pool {
  /// Runs a call over a sequence whose outputs are all wanted, in the order of the inputs.
  @usableFromInline
  func collect<Work: Step>(
    _ source: InputSource<Work.Input>, _ work: Work, _ options: CallOptions
  ) async throws -> [Work.Output] {
    let job = try core.open(work, order: .ofCompletion, options: options, count: source.count)
    defer { core.close(job) }
    var joined = JoinedOutputs<Work.Output>(count: Work._traits.isOneToOne ? source.count : nil)
    while true {
      switch try await core.step(job, job.id, [.inputs, .results]) {
      case .feed(let demand): source.feed(demand, to: job, of: core)
      case .results: try take(&joined, of: job)
      case .complete: return joined.outputs
      }
    }
  }

  /// Runs the programs of a sequence, whose results are all wanted, in the order of the inputs.
  @usableFromInline
  func collect<Program: NodeProgram>(
    _ programs: InputSource<Program>, _ options: CallOptions
  ) async throws -> [Program.Output] {
    try await collect(programs, ProgramStep<Program>(), options).map { $0.value }
  }

  /// Runs a call over an asynchronous sequence whose outputs are all wanted.
  func collect<Work: Step, Inputs: AsyncSequence & Sendable>(
    _ inputs: Inputs, _ work: Work, _ options: CallOptions,
    input: @escaping @Sendable (Inputs.Element) -> Work.Input
  ) async throws -> [Work.Output] where Inputs.Element: Sendable {
    let job = try core.open(work, order: .ofCompletion, options: options, count: nil)
    defer { core.close(job) }
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { [core] in await core.feed(inputs, to: job, input) }
      defer { group.cancelAll() }
      var joined = JoinedOutputs<Work.Output>(count: nil)
      while true {
        if case .complete = try await core.step(job, job.id, [.results]) { break }
        try take(&joined, of: job)
      }
      if let error = job.inputError { throw error }
      return joined.outputs
    }
  }

  private func take<Work: Step>(
    _ joined: inout JoinedOutputs<Work.Output>, of job: JobRun<Work>
  ) throws {
    while let segment = core.takeResults(of: job) {
      if let failure = segment.failure { throw failure }
      joined.add(segment)
    }
  }
}

extension InputSource {
  /// The most memory of inputs that are taken together.
  ///
  /// The allocator has larger pieces from the kernel each time, and pages that are touched for the
  /// first time cost more than the inputs in them.
  private static var largestPiece: Int { 64 << 10 }

  /// Gives a call up to `demand` further inputs, and ends its inputs when there are no more.
  func feed<Work: Step>(
    _ demand: Int, to job: JobRun<Work>, of core: PoolCore
  ) where Work.Input == Input {
    let most = max(1, Self.largestPiece / max(1, MemoryLayout<Input>.stride))
    let (inputs, isAtEnd) = take(min(demand, most))
    core.submit(inputs, to: job)
    if isAtEnd { core.endInputs(of: job) }
  }
}

extension PoolCore {
  /// Takes the inputs of an asynchronous sequence, as many as there is demand for.
  func feed<Work: Step, Inputs: AsyncSequence & Sendable>(
    _ inputs: Inputs, to job: JobRun<Work>,
    _ convert: @escaping @Sendable (Inputs.Element) -> Work.Input
  ) async {
    let buffer = InputBuffer<Work.Input>(readsAhead: false)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await buffer.fill(from: inputs, convert) }
      do {
        while case .feed(let demand) = try await step(job, job.id, [.inputs]) {
          let some = try await buffer.take(demand)
          guard !some.isEmpty else { break }
          submit(some, to: job)
        }
      } catch {
        job.inputError = error
      }
      group.cancelAll()
    }
    endInputs(of: job)
  }
}
