internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeStages

/// One call of a pool, with any type of inputs.
protocol AnyJobRun: AnyObject, Sendable {
  /// Whether there are results that nobody has taken.
  var hasResults: Bool { get }
  /// Notes that an item has failed for good.
  func fail(_ failure: PoolFailure)
  /// Whether an error is worth another try.
  func retries(_ failure: RemoteFailure) -> Bool
}

/// One call of a pool: its inputs, as long as they are needed, and its results.
final class JobRun<Work: Step>: AnyJobRun {
  private struct Contents {
    var inputs = InputStore<Work.Input>()
    var results: ResultStore<Work.Output>
    var inputError: (any Error)?
  }

  let id: Int
  let work: Work
  private let retry: RetryPolicy?
  private let contents: Lock<Contents>

  init(
    id: Int, work: Work, order: ResultOrder, retry: RetryPolicy?
  ) {
    self.id = id
    self.work = work
    self.retry = retry
    contents = Lock(Contents(results: ResultStore(order)))
  }

  func append(_ inputs: [Work.Input]) { contents.withLock { $0.inputs.append(inputs) } }

  func inputs(in range: Range<Int>) -> [Work.Input] {
    contents.withLock { $0.inputs.inputs(in: range) }
  }

  func record(_ outputs: [Work.Output], counts: [Int]?, of items: Range<Int>) {
    contents.withLock { contents in
      contents.inputs.settle(items)
      contents.results.add(
        ResultSegment(
          start: items.lowerBound, count: items.count, outputs: outputs, counts: counts))
    }
  }

  func fail(_ failure: PoolFailure) {
    contents.withLock { contents in
      contents.inputs.settle(failure.index..<(failure.index + 1))
      contents.results.add(ResultSegment(start: failure.index, count: 1, failure: failure))
    }
  }

  func retries(_ failure: RemoteFailure) -> Bool { retry?.retries(failure) ?? false }

  var hasResults: Bool { contents.withLock(\.results.hasNext) }

  func takeResults() -> ResultSegment<Work.Output>? {
    contents.withLock { $0.results.takeNext() }
  }

  /// The error of the sequence of inputs; thrown after the results of all inputs before it.
  var inputError: (any Error)? {
    get { contents.withLock(\.inputError) }
    set { contents.withLock { $0.inputError = newValue } }
  }

  func takeInputError() -> (any Error)? { contents.withLock { $0.inputError.take() } }
}
