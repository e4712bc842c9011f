/// The counts of a pipeline's run, for the whole and for each stage.
public struct PipelineReport: Hashable, Sendable, Codable {
  /// Whether the run has ended.
  public var isFinished = false
  /// How long it has run.
  public var elapsed: Duration = .zero
  /// Inputs that were taken from the source.
  public var inputsTaken = 0
  /// Inputs all of whose outputs have arrived, including quarantined inputs.
  public var inputsDone = 0
  /// Outputs that have arrived.
  public var outputs = 0
  /// Inputs that were quarantined because their workers died: each once all has arrived that was
  /// made without it, in a run that has a closure `onQuarantine`; else the one with which the run
  /// failed comes first.
  public var quarantined: [QuarantinedInput] = []
  /// The stages in the order in which the pipeline lists them.
  public var stages: [StageReport] = []

  /// Makes the report of a run that has not begun; tests may set its properties.
  public init() {}
}

/// The counts of a stage: sums over its workers, as far as they have reported.
///
/// A worker that was killed or stopped counts up to its last report. Another worker that processes
/// the same items counts them again.
public struct StageReport: Hashable, Sendable, Codable, Identifiable {
  /// The place of the stage, from 0 on.
  public var index: Int
  /// The name of the stage's type, with the stage's number from 1 on where several are called so:
  /// `Parse[2]`.
  public var name: String
  /// How many workers it has: the number it was resized to, or was made with.
  public var workers: Int
  /// Items that its workers took.
  public var taken = 0
  /// Items that its workers emitted.
  public var emitted = 0
  /// Items that were made for the stage and that its workers have not taken.
  public var queued = 0
  /// Items that its workers have taken and not finished.
  public var inFlight = 0
  /// Items taken in a second, over the whole run.
  public var rate: Double = 0
  /// How long its workers processed items, in total.
  public var busyTime: Duration = .zero
  /// How long its workers had no items, in total.
  public var waitTime: Duration = .zero
  /// How long its workers waited for the next stages to take items, in total.
  public var blockedTime: Duration = .zero
  /// How often a worker that had died was replaced; workers that were asked to stop do not count.
  public var restarts = 0

  /// The place of the stage.
  public var id: Int { index }

  /// Makes the report of a stage that has done nothing; tests may set its properties.
  public init(index: Int, name: String, workers: Int) {
    self.index = index
    self.name = name
    self.workers = workers
  }
}

extension StageReport: CustomStringConvertible {
  /// The name and what went in and out.
  public var description: String { "\(name) \(taken)→\(emitted)" }
}

extension PipelineReport: CustomStringConvertible {
  /// A line for the whole run, for a progress display.
  public var description: String {
    let stages = stages.map(\.description).joined(separator: ", ")
    return "\(inputsDone) of \(inputsTaken) inputs, \(outputs) outputs [\(stages)]"
  }
}
