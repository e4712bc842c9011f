internal import ProcessTree
internal import ProcessTreeStages

/// Results of a pool's call as they come; the call begins when iteration does.
///
/// Inputs are taken when `next()` is called and the workers need some: who does not ask for results
/// does not have work done for long. When the iterator is released, what has not been begun is
/// dropped and what has is stopped.
///
/// `next()` throws a `PoolFailure` for an input that failed; it may be called again, and goes on
/// with the next result.
public struct PoolStream<Element>: AsyncSequence {
  let open: () throws -> PoolResults<Element>

  /// Takes the results one after another.
  public struct Iterator: AsyncIteratorProtocol {
    private let results: Result<PoolResults<Element>, any Error>
    private var chunk: IndexingIterator<[Element]> = [].makeIterator()
    private var failure: PoolFailure?

    init(_ results: Result<PoolResults<Element>, any Error>) {
      self.results = results
    }

    /// The next result; nil at the end.
    ///
    /// Throws `PoolFailure`, `PoolError`, `CancellationError`, and what the inputs throw.
    public mutating func next() async throws -> Element? {
      while true {
        if let element = chunk.next() { return element }
        if let failure = failure.take() { throw failure }
        guard let more = try await results.get().next() else { return nil }
        chunk = more.elements.makeIterator()
        failure = more.failure
      }
    }
  }

  /// Begins the call.
  public func makeAsyncIterator() -> Iterator { Iterator(Result { try open() }) }
}

/// The results of one call, in chunks.
final class PoolResults<Element> {
  struct Chunk {
    var elements: [Element]
    var failure: PoolFailure?
  }

  private let take: () async throws -> Chunk?
  private let close: () -> Void

  init(_ take: @escaping () async throws -> Chunk?, close: @escaping () -> Void) {
    self.take = take
    self.close = close
  }

  deinit { close() }

  func next() async throws -> Chunk? { try await take() }
}

extension Pool {
  /// A stream over a sequence, which is asked for inputs by whoever takes the results.
  func stream<Work: PoolWork, Inputs: Sequence, Element>(
    _ inputs: Inputs, _ work: Work, _ options: CallOptions,
    order: ResultStore<Work.Output>.Order, input: @escaping (Inputs.Element) -> Work.Input,
    chunk: @escaping (ResultSegment<Work.Output>) -> PoolResults<Element>.Chunk
  ) -> PoolStream<Element> {
    let core = core
    return PoolStream {
      let source = InputSource(inputs, input)
      let job = try core.open(work, order: order, options: options, count: source.count)
      return PoolResults {
        while true {
          switch try await core.step(job, job.id, [.inputs, .results]) {
          case .feed(let demand): source.feed(demand, to: job, of: core)
          case .complete: return nil
          case .results:
            if let segment = core.takeResults(of: job) { return chunk(segment) }
          }
        }
      } close: {
        core.close(job)
      }
    }
  }

  /// A stream over an asynchronous sequence, from which a task of the pool's scope takes the inputs.
  func stream<Work: PoolWork, Inputs: AsyncSequence & Sendable, Element>(
    _ inputs: Inputs, _ work: Work, _ options: CallOptions,
    order: ResultStore<Work.Output>.Order,
    input: @escaping @Sendable (Inputs.Element) -> Work.Input,
    chunk: @escaping (ResultSegment<Work.Output>) -> PoolResults<Element>.Chunk
  ) -> PoolStream<Element> where Inputs.Element: Sendable {
    let core = core
    return PoolStream {
      let job = try core.open(work, order: order, options: options, count: nil)
      core.startFeeder(of: job.id) { await core.feed(inputs, to: job, input) }
      return PoolResults {
        while true {
          if case .complete = try await core.step(job, job.id, [.results]) {
            if let error = job.takeInputError() { throw error }
            return nil
          }
          if let segment = core.takeResults(of: job) { return chunk(segment) }
        }
      } close: {
        core.cancelFeeder(of: job.id)
        core.close(job)
      }
    }
  }
}

extension ResultSegment {
  /// The outputs alone.
  func values<Element>(_ convert: (Output) -> Element) -> PoolResults<Element>.Chunk {
    PoolResults.Chunk(elements: outputs.map(convert), failure: failure)
  }

  /// The outputs with the numbers of their inputs.
  func numbered<Element>(
    _ convert: (Output) -> Element
  ) -> PoolResults<(index: Int, output: Element)>.Chunk {
    PoolResults.Chunk(
      elements: zip(origins, outputs).map { (index: $0, output: convert($1)) }, failure: failure)
  }

  /// Outputs and failure as outcomes.
  func outcomes<Element: Sendable>(
    _ convert: (Output) -> Element
  ) -> PoolResults<PoolOutcome<Element>>.Chunk {
    var outcomes = zip(origins, outputs).map {
      PoolOutcome(index: $0, result: .success(convert($1)))
    }
    if let failure {
      outcomes.append(PoolOutcome(index: failure.index, result: .failure(failure)))
    }
    return PoolResults.Chunk(elements: outcomes)
  }
}
