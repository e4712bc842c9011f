public import ProcessTree

/// An input of a pool's call has failed for good.
public struct PoolFailure: Error, Sendable, CustomStringConvertible {
  /// Why an input failed.
  public enum Cause: Sendable {
    /// The body threw an error in a worker.
    case thrown(RemoteFailure)
    /// The input or what came of it could not be encoded, or not be decoded.
    case notCoded(RemoteFailure)
    /// Workers died with nothing else at hand than this input: the input is quarantined. The
    /// reports say how each ended, in their order.
    case killedWorkers([ExitReport])
    /// It took longer than it may; its worker was killed.
    case deadline(Duration, ExitReport?)
  }

  /// The place of the input in its call, from 0 on.
  public let index: Int
  /// How often the input was tried, as far as that is known: a worker that dies with many inputs
  /// counts for each.
  public let attempts: Int
  /// Why the last try failed.
  public let cause: Cause

  /// Makes a failure, for tests of code that handles one.
  public init(index: Int, attempts: Int, cause: Cause) {
    self.index = index
    self.attempts = attempts
    self.cause = cause
  }

  /// The input and the cause in a line.
  public var description: String {
    let tries = attempts == 1 ? "" : " after \(attempts) attempts"
    return "input \(index) failed\(tries): \(cause)"
  }
}

extension PoolFailure.Cause: CustomStringConvertible {
  /// The cause in words.
  public var description: String {
    switch self {
    case .thrown(let failure): "\(failure)"
    case .notCoded(let failure): "it, or its result, could not be sent: \(failure)"
    case .killedWorkers(let reports):
      "it killed \(reports.count) workers: " + reports.map(\.description).joined(separator: "; ")
    case .deadline(let time, let report):
      "it went past its deadline of \(time)" + (report.map { " in \($0.node)" } ?? "")
    }
  }
}

/// What became of one input: a result, or the reason why there is none.
public struct PoolOutcome<Output: Sendable>: Sendable {
  /// The place of the input in its call, from 0 on.
  public let index: Int
  /// Its output or its failure.
  public let result: Result<Output, PoolFailure>

  /// The output.
  ///
  /// - Throws: The failure of an input that has none.
  public var output: Output { get throws(PoolFailure) { try result.get() } }

  /// Makes an outcome, for tests of code that takes one.
  public init(index: Int, result: Result<Output, PoolFailure>) {
    self.index = index
    self.result = result
  }
}

extension PoolOutcome: CustomStringConvertible {
  /// The output, or the failure.
  public var description: String {
    switch result {
    case .success(let output): "input \(index): \(output)"
    case .failure(let failure): "\(failure)"
    }
  }
}
