/// Stages of commands that records run through.
package struct PipelinePlan: Sendable, Codable, Hashable {
  package enum Framing: String, Sendable, Codable {
    case lines, nul, length, lengthBigEndian, bytes
  }

  package enum Source: Sendable, Codable, Hashable {
    case files([Scalar], content: Bool)
    case command(CommandPlan)
    case standardInput
    case list([Scalar])
    case range(Int, Int)
  }

  package enum Sink: Sendable, Codable, Hashable {
    case standardOutput
    case null
    case file(Scalar, appends: Bool, framing: Framing)
  }

  package enum Mode: String, Sendable, Codable {
    case stream, answer, each
  }

  package enum Partition: Sendable, Codable, Hashable {
    case whole
    case field(Int, separator: String?)
    case json(String)
    case match(String)
  }

  package enum Work: Sendable, Codable, Hashable {
    case command(CommandPlan)
    case program(ProgramPlan)
  }

  package struct Stage: Sendable, Codable, Hashable {
    package var name: String
    package var work: Work
    package var mode = Mode.stream
    /// Whether a record takes the place of `{}` in the arguments.
    package var takesPlace = false
    package var workers = 1
    package var mostWorkers = 1
    package var input = Framing.lines
    package var output = Framing.lines
    package var partition: Partition?
    package var isBroadcast = false
    package var isOrdered = false
    package var timeLimit: Duration?
    /// The names of the hosts that its workers run on; none for the machine of the pipeline.
    package var hosts: [String] = []

    /// The command; nil for a program.
    package var command: CommandPlan? {
      if case .command(let plan) = work { plan } else { nil }
    }

    /// Whether it is a command that reads all records of its worker.
    package var isStream: Bool { mode == .stream && command != nil }
  }

  /// What stands at one place of the list of stages.
  package enum Part: Sendable, Codable, Hashable {
    case stage(Stage)
    /// Lists of stages that each get all records; what they make comes together again.
    case branches([Branch])

    package var stages: [Stage] {
      switch self {
      case .stage(let stage): [stage]
      case .branches(let branches): branches.flatMap { $0.parts.flatMap(\.stages) }
      }
    }

    /// The stage whose outputs come behind this place; nil where those of several branches do.
    package var only: Stage? {
      if case .stage(let stage) = self { stage } else { nil }
    }
  }

  package struct Branch: Sendable, Codable, Hashable {
    package var name: String
    package var parts: [Part] = []
  }

  package var source: Source
  package var sourceFraming = Framing.lines
  package var parts: [Part] = []
  package var sink = Sink.standardOutput
  package var isOrdered = false
  package var attempts = 3
  package var quarantine: Scalar?
  package var directory: String
  /// The hosts that its stages name.
  package var hosts: [HostPlan] = []

  /// All stages in the order of the file, those of branches among them.
  package var stages: [Stage] { parts.flatMap(\.stages) }
}

extension PipelinePlan.Part {
  /// The same where a worker that alone keeps what it has read gets it in order: what it makes has
  /// no other one.
  var readingInOrder: Self {
    switch self {
    case .stage(var stage):
      stage.isOrdered = stage.isOrdered || stage.keepsState && stage.mostWorkers == 1
      return .stage(stage)
    case .branches(let branches):
      return .branches(
        branches.map { PipelinePlan.Branch(name: $0.name, parts: $0.parts.map(\.readingInOrder)) })
    }
  }
}

extension PipelinePlan.Stage {
  fileprivate var keepsState: Bool {
    if case .program(let program) = work { !program.isStateless } else { isStream }
  }

  /// The most workers of a stage that may have more than it began with, unless the file has another
  /// number.
  private static let mostLaterWorkers = 64

  /// How many workers it may be set to while it runs.
  package var workerRange: ClosedRange<Int> {
    1...(mostWorkers > workers ? mostWorkers : Self.mostLaterWorkers)
  }

  /// Why its number of workers stays while it runs; nil if it can be changed.
  package var obstacleToScaling: String? {
    if case .program(let program) = work, !program.isStateless {
      return "stateful: the program keeps what it has read, and that would go with a worker"
    }
    if isStream {
      return "stateful: a stream's command keeps what it has read, and that would go with a worker"
    }
    if isOrdered { return "ordered: another worker would begin in the middle" }
    return partition != nil || isBroadcast
      ? "partitioned: each worker has input of its own" : nil
  }
}
