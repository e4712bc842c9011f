/// How a run of a pipeline stands, or how it ended: numbers of the whole and of each stage.
public struct PipelineReport: Sendable {
  /// Whether the run is over.
  public internal(set) var isFinished = false
  /// How long it has run.
  public internal(set) var elapsed: Duration = .zero
  /// Inputs that were taken from the source.
  public internal(set) var inputsTaken: UInt64 = 0
  /// Inputs all of whose outputs have arrived, those that were given up included.
  public internal(set) var inputsDone: UInt64 = 0
  /// Outputs that have arrived.
  public internal(set) var outputs: UInt64 = 0
  /// Inputs that were given up because they ended every worker that tried them.
  ///
  /// The run fails with the first of them, unless it was given a closure `onQuarantine`.
  public internal(set) var quarantined: [QuarantinedInput] = []
  /// The stages in the order in which they were written down.
  public internal(set) var stages: [StageReport] = []
}

/// How a stage of a pipeline stands: sums over its workers, as far as they have told.
///
/// What a worker did that was killed or stopped counts up to the last word from it, and whoever does
/// it again counts it again.
public struct StageReport: Sendable {
  /// The place of the stage, from 0 on.
  public internal(set) var index: Int
  /// The name of the stage's type.
  public internal(set) var name: String
  /// How many workers it has: the number that was last set, or that it was made with.
  public internal(set) var workers: Int
  /// Items that its workers took.
  public internal(set) var taken: UInt64 = 0
  /// Items that its workers made.
  public internal(set) var emitted: UInt64 = 0
  /// Items that were made for the stage and that its workers have not taken.
  public internal(set) var queued: UInt64 = 0
  /// Items that its workers have taken and are not done with.
  public internal(set) var inFlight: UInt64 = 0
  /// Items taken in a second, over the whole run.
  public internal(set) var rate: Double = 0
  /// How long its workers were at work, all together.
  public internal(set) var busyTime: Duration = .zero
  /// How long its workers had nothing to do, all together.
  public internal(set) var waitTime: Duration = .zero
  /// How long its workers waited for the stages behind to take what they had made, all together.
  public internal(set) var blockedTime: Duration = .zero
  /// How often a worker that had died was replaced; those that were asked to stop do not count.
  public internal(set) var restarts = 0
}

extension PipelineReport: CustomStringConvertible {
  /// A line for the whole, in the manner of a progress display.
  public var description: String {
    let stages = stages.map { "\($0.name) \($0.taken)→\($0.emitted)" }.joined(separator: ", ")
    return "\(inputsDone) of \(inputsTaken) inputs, \(outputs) outputs [\(stages)]"
  }
}
