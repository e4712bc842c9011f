internal import Glibc
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The ends of one stream as descriptors.
struct CommandStreamEnds {
  /// What the command gets.
  let commands: Int32
  /// The other end of the pipe, if it is one.
  let nodes: Int32?
  /// Whether what the command gets was opened for it.
  private let isOpened: Bool

  init(
    _ target: CommandStreamTarget, as number: Int32, of command: Command, before: Self?
  ) throws {
    switch target {
    case .pipe:
      let pipe = try Descriptors.makePipe()
      let isInput = number == STDIN_FILENO
      (commands, nodes) = isInput ? (pipe.first, pipe.second) : (pipe.second, pipe.first)
      isOpened = true
    case .inherited:
      (commands, nodes, isOpened) = (number, nil, false)
    case .null:
      (commands, nodes, isOpened) = (try Descriptors.openNull(), nil, true)
    case .file(let path, let use):
      (commands, nodes, isOpened) = (try Self.open(path, use, of: command), nil, true)
    case .sameAsBefore:
      (commands, nodes, isOpened) = (before?.commands ?? number, nil, false)
    }
  }

  /// Closes the command's end, unless it is another's.
  func closeCommands() {
    if isOpened { Descriptors.close(commands) }
  }

  /// Closes both ends.
  func close() {
    closeCommands()
    if let nodes { Descriptors.close(nodes) }
  }

  private static func open(
    _ path: String, _ use: Descriptors.FileUse, of command: Command
  ) throws -> Int32 {
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
