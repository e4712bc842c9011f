internal import Glibc
internal import Links
internal import ProcessControl

/// The streams of a command: the node's ends, and the command's until it has been started.
struct CommandStreams {
  /// Which streams a command gets.
  enum Kind {
    /// Pipes: its input and output are in the hands of who starts it, its error lines go to the
    /// node's standard error.
    case piped
    /// The node's own three.
    case inherited
  }

  private(set) var input: CommandInputWriter?
  private(set) var output: CommandOutputReader?
  private(set) var errors: CommandErrorStream?
  /// What become 0, 1 and 2 of the command.
  private(set) var descriptors = [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
  private var isPiped = false

  /// Makes them all, or none.
  init(_ kind: Kind, errorsTo writer: StandardErrorWriter, on loop: EventLoop) throws {
    guard case .piped = kind else { return }
    var pipes: [Descriptors.Pair] = []
    do {
      for _ in 0..<3 { pipes.append(try Descriptors.makePipe()) }
      input = try CommandInputWriter(pipes[0].second, on: loop)
      output = try CommandOutputReader(pipes[1].first, on: loop)
      errors = try CommandErrorStream(pipes[2].first, to: writer, on: loop)
    } catch {
      for pipe in pipes {
        Descriptors.close(pipe.first)
        Descriptors.close(pipe.second)
      }
      throw error
    }
    isPiped = true
    descriptors = [pipes[0].first, pipes[1].second, pipes[2].second]
  }

  /// Closes what is the command's alone once it runs, or never will.
  func closeCommandsEnds() {
    guard isPiped else { return }
    for descriptor in descriptors { Descriptors.close(descriptor) }
  }

  /// Closes the node's ends of a command that has not been started.
  func closeNodesEnds() {
    input?.close()
    output?.close()
    errors?.drainAndClose()
  }
}
