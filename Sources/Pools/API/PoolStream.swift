internal import ProcessTree
internal import ProcessTreeStages

/// The outputs of a pool's call in the order of its inputs; iteration begins the call.
///
/// The pool takes inputs while `next()` waits and the workers need some, so a slow reader holds the
/// work back. When the iterator is released, the pool drops inputs that no worker has begun, and
/// stops the others.
///
/// `next()` throws a `PoolFailure` for an input that failed. It can be called again, and continues
/// with the next output.
public struct PoolStream<Output: Sendable>: AsyncSequence {
  let open: (ResultOrder) throws -> PoolResults<Output>

  /// The outcomes of all inputs as they complete: outputs and failures with the numbers of their
  /// inputs.
  public var outcomes: PoolOutcomes<Output> { PoolOutcomes(open: open) }

  /// Takes the outputs one after another.
  public struct Iterator: AsyncIteratorProtocol {
    private let results: Result<PoolResults<Output>, any Error>
    private var outputs: IndexingIterator<[Output]> = [].makeIterator()
    private var failure: PoolFailure?

    init(_ results: Result<PoolResults<Output>, any Error>) {
      self.results = results
    }

    /// Returns the next output; nil at the end.
    ///
    /// - Throws: `PoolFailure`, `PoolError`, `CancellationError`, and what the inputs throw.
    public mutating func next() async throws -> Output? {
      while true {
        if let output = outputs.next() { return output }
        if let failure = failure.take() { throw failure }
        guard let segment = try await results.get().next() else { return nil }
        outputs = segment.outputs.makeIterator()
        failure = segment.failure
      }
    }
  }

  /// Begins the call.
  public func makeAsyncIterator() -> Iterator { Iterator(Result { try open(.ofInputs) }) }
}

/// The outcomes of a pool's call as they complete; iteration begins the call.
///
/// ```swift
/// for try await outcome in pool.stream(over: inputs, using: step).outcomes {
///   print(outcome.index, try outcome.output)
/// }
/// ```
///
/// A failure is an element. Otherwise as `PoolStream`.
public struct PoolOutcomes<Output: Sendable>: AsyncSequence {
  let open: (ResultOrder) throws -> PoolResults<Output>

  /// Takes the outcomes one after another.
  public struct Iterator: AsyncIteratorProtocol {
    private let results: Result<PoolResults<Output>, any Error>
    private var outcomes: IndexingIterator<[PoolOutcome<Output>]> = [].makeIterator()

    init(_ results: Result<PoolResults<Output>, any Error>) {
      self.results = results
    }

    /// Returns the next outcome; nil at the end.
    ///
    /// - Throws: `PoolError`, `CancellationError`, and what the inputs throw.
    public mutating func next() async throws -> PoolOutcome<Output>? {
      while true {
        if let outcome = outcomes.next() { return outcome }
        guard let segment = try await results.get().next() else { return nil }
        outcomes = segment.outcomes.makeIterator()
      }
    }
  }

  /// Begins the call.
  public func makeAsyncIterator() -> Iterator { Iterator(Result { try open(.ofCompletion) }) }
}

/// The results of one call as its reader takes them.
final class PoolResults<Output: Sendable> {
  private let take: () async throws -> ResultSegment<Output>?
  private let close: () -> Void

  init(_ take: @escaping () async throws -> ResultSegment<Output>?, close: @escaping () -> Void) {
    self.take = take
    self.close = close
  }

  deinit { close() }

  func next() async throws -> ResultSegment<Output>? { try await take() }
}

extension Pool {
  /// A stream over a sequence, whose inputs the reader of the results takes.
  func stream<Work: Step, Output>(
    _ work: Work, _ options: CallOptions,
    _ source: @escaping () -> InputSource<Work.Input>,
    output: @escaping @Sendable (Work.Output) -> Output
  ) -> PoolStream<Output> {
    PoolStream { [core] order in
      let source = source()
      let job = try core.open(work, order: order, options: options, count: source.count)
      return PoolResults {
        while true {
          switch try await core.step(job, job.id, [.inputs, .results]) {
          case .feed(let demand): source.feed(demand, to: job, of: core)
          case .complete: return nil
          case .results:
            if let segment = core.takeResults(of: job) { return segment.map(output) }
          }
        }
      } close: {
        core.close(job)
      }
    }
  }

  /// A stream over an asynchronous sequence, from which a task of the pool's scope takes the
  /// inputs.
  func stream<Work: Step, Inputs: AsyncSequence & Sendable, Output>(
    _ inputs: Inputs, _ work: Work, _ options: CallOptions,
    input: @escaping @Sendable (Inputs.Element) -> Work.Input,
    output: @escaping @Sendable (Work.Output) -> Output
  ) -> PoolStream<Output> where Inputs.Element: Sendable {
    PoolStream { [core] order in
      let job = try core.open(work, order: order, options: options, count: nil)
      core.startFeeder(of: job.id) { await core.feed(inputs, to: job, input) }
      return PoolResults {
        while true {
          if case .complete = try await core.step(job, job.id, [.results]) {
            if let error = job.takeInputError() { throw error }
            return nil
          }
          if let segment = core.takeResults(of: job) { return segment.map(output) }
        }
      } close: {
        core.cancelFeeder(of: job.id)
        core.close(job)
      }
    }
  }
}

extension ResultSegment {
  func map<Other: Sendable>(_ convert: (Output) -> Other) -> ResultSegment<Other> {
    ResultSegment<Other>(
      start: start, count: count, outputs: outputs.map(convert), counts: counts, failure: failure)
  }

  /// Outputs and failure with the numbers of their inputs.
  var outcomes: [PoolOutcome<Output>] {
    zip(origins, outputs).map { PoolOutcome(index: $0, result: .success($1)) }
      + (failure.map { [PoolOutcome(index: $0.index, result: .failure($0))] } ?? [])
  }
}
