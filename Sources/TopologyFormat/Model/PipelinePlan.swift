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

    /// The command; nil for a program.
    package var command: CommandPlan? {
      if case .command(let plan) = work { plan } else { nil }
    }
  }

  package var source: Source
  package var sourceFraming = Framing.lines
  package var stages: [Stage]
  package var sink = Sink.standardOutput
  package var isOrdered = false
  package var attempts = 3
  package var quarantine: Scalar?
  package var directory: String
}
