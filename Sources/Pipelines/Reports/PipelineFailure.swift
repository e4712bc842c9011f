public import ProcessTree

/// A run of a pipeline that failed: at which stage, in which worker, with which input, and why.
public struct PipelineFailure: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// Why a run failed.
  public struct Code: Hashable, Sendable, Codable, CustomStringConvertible {
    private enum Kind: String, Codable {
      case thrown, workerDied, killedWorkers, imbalance
    }

    private let kind: Kind

    /// The stage threw an error: `PipelineFailure/error`.
    public static let thrown = Self(kind: .thrown)
    /// A worker ended that could not be replaced: its stage keeps state, its successors also ended
    /// without results, or it could not start.
    public static let workerDied = Self(kind: .workerDied)
    /// The input is quarantined: as many workers died with it as it has attempts.
    ///
    /// A run can continue without such inputs; see `onQuarantine` of
    /// `ProcessTree/Node/run(over:using:on:monitor:onQuarantine:)`.
    public static let killedWorkers = Self(kind: .killedWorkers)
    /// Not everything that entered the pipeline had left it at the end: something was lost.
    public static let imbalance = Self(kind: .imbalance)

    /// The code's name.
    public var description: String { kind.rawValue }
  }

  /// Why it failed.
  public let code: Code
  /// What happened.
  public let message: String
  /// The place of the stage, from 0 on; nil if the failure is the whole pipeline's.
  public let stage: Int?
  /// The name of the stage's type, with the stage's number from 1 on where several are called so;
  /// empty if the failure is the whole pipeline's.
  public let stageName: String
  /// The name of the worker's node; empty if the failure is the whole pipeline's.
  public let worker: String
  /// The number of the source's input that was being processed, from 0 on; nil if it is unknown, or
  /// if the processed item came of no single input.
  public let input: Int?
  /// The error that the stage threw.
  public let error: RemoteFailure?
  /// How the workers ended, in order.
  public let deaths: [ExitReport]

  /// Makes a failure, for tests of code that handles one.
  public init(
    _ code: Code, _ message: String, stage: Int? = nil, stageName: String = "",
    worker: String = "", input: Int? = nil, error: RemoteFailure? = nil, deaths: [ExitReport] = []
  ) {
    self.code = code
    self.message = message
    self.stage = stage
    self.stageName = stageName
    self.worker = worker
    self.input = input
    self.error = error
    self.deaths = deaths
  }

  /// The stage by its name, the worker, the input by its number from 1 on, and the message in a
  /// line.
  public var description: String {
    var text = "the pipeline"
    if let stage { text = "\(StageInWords.text(stage, stageName)) in \(worker)" }
    if let input { text += ", input \(input &+ 1)" }
    return "\(text): \(message)"
  }
}

/// An input that a run continued without, because workers died with it.
public struct QuarantinedInput: Hashable, Sendable, Codable, CustomStringConvertible {
  /// The place of the stage whose workers died, from 0 on.
  public let stage: Int
  /// The name of the stage's type, with the stage's number from 1 on where several are called so.
  public let stageName: String
  /// The number of the source's input, from 0 on; nil if the item came of no single input.
  public let input: Int?
  /// How the workers ended that are known to have been processing it.
  public let deaths: [ExitReport]
  /// The item itself, where items are bytes and it is handed over.
  package var record: [UInt8]?

  /// Makes a record, for tests of code that handles one.
  public init(stage: Int, stageName: String, input: Int?, deaths: [ExitReport]) {
    self.stage = stage
    self.stageName = stageName
    self.input = input
    self.deaths = deaths
  }

  /// The stage by its name, the input by its number from 1 on, and the last death in a line.
  public var description: String {
    let item = input.map { "input \($0 &+ 1)" } ?? "an item"
    return "\(item) of \(StageInWords.text(stage, stageName)) ended \(deaths.inWords)"
  }
}

/// What a stage is called in texts for people.
enum StageInWords {
  /// Its name, or its number from 1 on if it has none.
  static func text(_ index: Int, _ name: String) -> String {
    name.isEmpty ? "stage \(index &+ 1)" : "stage \(name)"
  }
}

extension [ExitReport] {
  /// How many workers died, and the last death.
  var inWords: String { "\(count) workers" + (last.map { ", the last: \($0)" } ?? "") }
}
