internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The ends of one stream as descriptors.
struct CommandStreamEnds: ~Copyable {
  /// What the command gets.
  enum CommandsEnd: ~Copyable {
    /// Opened for it.
    case own(Descriptor)
    /// Another's.
    case lent(Int32)

    /// The number, lent.
    var number: Int32 {
      switch self {
      case .own(let descriptor): descriptor.number
      case .lent(let number): number
      }
    }
  }

  let commands: CommandsEnd
  /// The other end of the pipe, if it is one.
  let nodes: Descriptor?
  /// The number of what the command gets, lent.
  var number: Int32 { commands.number }

  /// - Parameter before: What the command gets as the stream before.
  init(
    _ target: CommandStreamTarget, as number: Int32, of command: Command, before: Int32
  ) throws {
    switch target {
    case .pipe:
      let pipe = try Descriptors.makePipe()
      if number == STDIN_FILENO {
        commands = .own(pipe.first)
        nodes = consume pipe.second
      } else {
        commands = .own(pipe.second)
        nodes = consume pipe.first
      }
      return
    case .inherited: commands = .lent(number)
    case .null: commands = .own(try Descriptors.openNull())
    case .file(let path, let use): commands = .own(try Self.open(path, use, of: command))
    case .sameAsBefore: commands = .lent(before)
    }
    nodes = nil
  }

  private static func open(
    _ path: String, _ use: Descriptors.FileUse, of command: Command
  ) throws -> Descriptor {
    guard !path.utf8.contains(0) else {
      throw CommandError(
        .invalidCommand, "\(path.quotation.debugDescription) cannot be a path: it has a zero byte.")
    }
    let path = path.isAbsolutePath ? path : command.directory.map { $0 + "/" + path } ?? path
    do throws(ProcessControlError) {
      // The node's own mask takes its part away in any case.
      return try Descriptors.openFile(
        path, for: use, permissions: 0o666 & ~(command.umask ?? 0))
    } catch {
      guard error.code != .descriptorLimit else { throw error }
      throw CommandError(
        .fileUnusable,
        "The file \(path.quotation) cannot be opened for \(use): "
          + "\(String(cString: strerror(error.errno))).")
    }
  }
}
