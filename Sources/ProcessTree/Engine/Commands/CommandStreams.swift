internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// The streams of a command: the node's ends, and the command's until it has been started.
struct CommandStreams {
  /// What a command has where it declares a pipe.
  enum Pipes {
    /// Pipes: its input and output are in the hands of who starts it, its error lines go to the
    /// node's standard error.
    case toTheNode
    /// The node's own streams.
    case areTheNodes
    /// As `toTheNode`, but the errors stay in memory: the last bytes, this many at most.
    case captured(errorLimit: Int)
  }

  private(set) var input: CommandInputWriter?
  private(set) var output: CommandOutputReader?
  private(set) var errors: CommandErrorStream?
  /// What become 0, 1 and 2 of the command.
  var descriptors: [Int32] { ends.map(\.commands) }
  private let ends: [CommandStreamEnds]

  /// Makes them all, or none; the input first, so that a missing one leaves the output's file.
  ///
  /// Throws `fileUnusable` and `invalidCommand`, and what making pipes and watching them throws.
  init(
    of command: Command, pipes: Pipes, errorsTo writer: StandardErrorWriter, on loop: EventLoop
  ) throws {
    let targets = CommandStreamTarget.all(of: command, pipes: pipes)
    var ends: [CommandStreamEnds] = []
    do {
      for (number, target) in targets.enumerated() {
        ends.append(
          try CommandStreamEnds(target, as: Int32(number), of: command, before: ends.last))
      }
      if let end = ends[0].nodes { input = try CommandInputWriter(end, on: loop) }
      if let end = ends[1].nodes { output = try CommandOutputReader(end, on: loop) }
      // The last, because it is watched from then on.
      if let end = ends[2].nodes {
        let destination: CommandErrorStream.Destination =
          if case .captured(let limit) = pipes { .memory(limit: limit) } else { .writer(writer) }
        errors = try CommandErrorStream(end, to: destination, on: loop)
      }
    } catch {
      for end in ends { end.close() }
      throw error
    }
    self.ends = ends
  }

  /// Closes what is the command's alone once it runs, or never will.
  func closeCommandsEnds() {
    for end in ends { end.closeCommands() }
  }

  /// Closes the node's ends of a command that has not been started.
  func closeNodesEnds() {
    input?.close()
    output?.close()
    errors?.drainAndClose()
  }
}
