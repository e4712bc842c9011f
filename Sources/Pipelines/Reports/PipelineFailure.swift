public import ProcessTree

/// A run of a pipeline that failed: at which stage, in which worker, over which input, and why.
public struct PipelineFailure: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// Why the run failed.
  public enum Reason: Hashable, Sendable, Codable {
    /// The stage threw an error.
    case error(RemoteFailure)
    /// A worker ended that could not be replaced: its stage keeps state, its successors ended as
    /// well without getting anything done, or it could not start.
    case death(ExitReport)
    /// The input ended every worker that tried it, in these ways. Whoever runs the pipeline can go on
    /// without such inputs: see `onQuarantine` of `ProcessTree/Node/run(_:over:monitor:onQuarantine:)`.
    case quarantined([ExitReport])
    /// At the end not everything that was taken had come out: something was lost.
    case imbalance(taken: UInt64, done: UInt64, quarantined: UInt64)
  }

  /// The place of the stage, from 0 on; nil when it is about the pipeline as a whole.
  public let stage: Int?
  /// The name of the stage's type; empty when it is about the pipeline as a whole.
  public let stageName: String
  /// The name of the worker's node; empty when it is about the pipeline as a whole.
  public let worker: String
  /// The number of the source's input, from 0 on, that was being processed; nil when it is not
  /// known, or what was being processed came of no single input.
  public let input: UInt64?
  /// Why it failed.
  public let reason: Reason

  /// The stage, the worker, the input and the reason in a line.
  public var description: String {
    var text = "the pipeline"
    if let stage { text = "stage \(stage) (\(stageName)) in \(worker)" }
    if let input { text += ", input \(input)" }
    switch reason {
    case .error(let failure): return "\(text): \(failure)"
    case .death(let report): return "\(text): \(report)"
    case .quarantined(let deaths):
      let last = deaths.last.map { ", the last: \($0)" } ?? ""
      return "\(text): it ended \(deaths.count) workers\(last)"
    case .imbalance(let taken, let done, let quarantined):
      return "\(text): \(taken) inputs were taken, \(done) were done, \(quarantined) given up"
    }
  }
}

/// An input that ended every worker that tried it, and was given up.
public struct QuarantinedInput: Hashable, Sendable, Codable, CustomStringConvertible {
  /// The place of the stage whose workers it ended, from 0 on.
  public let stage: Int
  /// The name of the stage's type.
  public let stageName: String
  /// The number of the source's input, from 0 on; nil when what ended the workers came of no single
  /// input.
  public let input: UInt64?
  /// How the workers ended that are known to have been processing it.
  public let deaths: [ExitReport]

  /// The stage, the input and the last death in a line.
  public var description: String {
    let item = input.map { "input \($0)" } ?? "an item"
    let last = deaths.last.map { ", the last: \($0)" } ?? ""
    return "\(item) ended \(deaths.count) workers of stage \(stage) (\(stageName))\(last)"
  }
}
