public import ProcessTree

/// The failure of one input of a pool's call, after its last attempt.
public struct PoolFailure: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// Why an input failed.
  public struct Code: Hashable, Sendable, Codable, CustomStringConvertible {
    private enum Kind: String, Codable {
      case thrown, notCoded, killedWorkers, deadlinePassed
    }

    private let kind: Kind

    /// The body threw an error in a worker.
    public static let thrown = Self(kind: .thrown)
    /// The input or its output could not be encoded or decoded.
    public static let notCoded = Self(kind: .notCoded)
    /// The input is quarantined: as many workers died while they worked on it as it has attempts.
    public static let killedWorkers = Self(kind: .killedWorkers)
    /// The input took longer than its deadline, and the pool killed its worker.
    public static let deadlinePassed = Self(kind: .deadlinePassed)

    /// The code's name.
    public var description: String { kind.rawValue }
  }

  /// Why the last attempt failed.
  public let code: Code
  /// What happened.
  public let message: String
  /// The place of the input in its call, from 0 on.
  public let index: Int
  /// The number of attempts; a worker that dies counts for the input on which it worked.
  public let attempts: Int
  /// The error of the body, or of the coding.
  public let error: RemoteFailure?
  /// How the workers ended that died because of this input, in order.
  public let deaths: [ExitReport]

  /// Makes a failure, for tests of code that handles one.
  public init(
    _ code: Code, _ message: String, index: Int, attempts: Int = 1, error: RemoteFailure? = nil,
    deaths: [ExitReport] = []
  ) {
    self.code = code
    self.message = message
    self.index = index
    self.attempts = attempts
    self.error = error
    self.deaths = deaths
  }

  /// The input by its number from 1 on, and the message in a line.
  public var description: String {
    let tries = attempts == 1 ? "" : " after \(attempts) attempts"
    return "input \(index &+ 1) failed\(tries): \(message)"
  }
}

extension PoolFailure {
  init(_ failure: WorkFailure, index: Int, attempts: Int) {
    let error = failure.error
    if failure.isCoding {
      self.init(
        .notCoded, "it, or its result, could not be sent: \(error)", index: index,
        attempts: attempts, error: error)
    } else {
      self.init(.thrown, "\(error)", index: index, attempts: attempts, error: error)
    }
  }

  init(_ verdict: PoolState<ExitReport?>.Verdict, index: Int, attempts: Int) {
    switch verdict {
    case .killedWorkers(let reports):
      let deaths = reports.compactMap(\.self)
      self.init(
        .killedWorkers,
        "it killed \(deaths.count) workers: " + deaths.map(\.description).joined(separator: "; "),
        index: index, attempts: attempts, deaths: deaths)
    case .deadline(let time, let report):
      let death = report ?? nil
      self.init(
        .deadlinePassed,
        "it went past its deadline of \(time)" + (death.map { " in \($0.node)" } ?? ""),
        index: index, attempts: attempts, deaths: death.map { [$0] } ?? [])
    }
  }
}

/// The outcome of one input: an output, or the reason why there is none.
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
  /// The number of the input, from 1 on, with its output, or the failure.
  public var description: String {
    switch result {
    case .success(let output): "input \(index &+ 1): \(output)"
    case .failure(let failure): "\(failure)"
    }
  }
}
