internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// The streams of a command that is being started: the node's ends, and the command's, which are
/// closed with this value.
struct CommandStreams: ~Copyable {
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

  let input: CommandInputWriter?
  let output: CommandOutputReader?
  let errors: CommandErrorStream?
  private let ends: Ends

  private struct Ends: ~Copyable {
    let input: CommandStreamEnds.CommandsEnd
    let output: CommandStreamEnds.CommandsEnd
    let errors: CommandStreamEnds.CommandsEnd
  }

  /// What become 0, 1 and 2 of the command, lent.
  var descriptors: (input: Int32, output: Int32, errors: Int32) {
    (ends.input.number, ends.output.number, ends.errors.number)
  }

  /// Makes them all, or none; the input first, so that a missing one leaves the output's file.
  ///
  /// - Throws: `fileUnusable`, `invalidCommand`, and the errors of making and watching pipes.
  init(
    of command: Command, pipes: Pipes, errorsTo writer: StandardErrorWriter, on loop: EventLoop
  ) throws {
    let targets = CommandStreamTarget.all(of: command, pipes: pipes)
    let first = try CommandStreamEnds(targets[0], as: 0, of: command, before: 0)
    let second = try CommandStreamEnds(targets[1], as: 1, of: command, before: first.number)
    let third = try CommandStreamEnds(targets[2], as: 2, of: command, before: second.number)
    let ends = Ends(input: first.commands, output: second.commands, errors: third.commands)
    let input = try Self.owner(of: first.nodes) { try CommandInputWriter($0, on: loop) }
    let output = try Self.owner(of: second.nodes) { try CommandOutputReader($0, on: loop) }
    // The last, because it is watched from then on.
    let errors = try Self.owner(of: third.nodes) {
      let destination: CommandErrorStream.Destination =
        if case .captured(let limit) = pipes { .memory(limit: limit) } else { .writer(writer) }
      return try CommandErrorStream($0, to: destination, on: loop)
    }
    (self.input, self.output, self.errors) = (input, output, errors)
    self.ends = consume ends
  }

  /// `Optional.map`, which does not take what cannot be copied.
  private static func owner<Owner>(
    of end: consuming Descriptor?, _ make: (consuming Descriptor) throws -> Owner
  ) rethrows -> Owner? {
    guard let end else { return nil }
    return try make(end)
  }
}
