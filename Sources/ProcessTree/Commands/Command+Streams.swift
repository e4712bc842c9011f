extension Command {
  /// The source of a command's standard input.
  ///
  /// Without a pipe, ``CommandRun/send(_:)`` throws `notPiped`.
  public enum Input: Hashable, Sendable, Codable {
    /// A pipe that the node writes to; the default. An ``ExternalCommand`` has the node's own
    /// input.
    case pipe
    /// The node's own standard input, shared with all other readers.
    case inherited
    /// The null device, which is empty.
    case null
    /// A file, from its beginning.
    ///
    /// A relative path starts at ``Command/directory``. The node opens the file, with its own
    /// rights, before the command starts. A file that is missing, unreadable or a directory fails
    /// the start with `fileUnusable`. A named pipe that no process has opened for writing is empty.
    case file(_ path: String)
  }

  /// The destination of a command's standard output.
  ///
  /// Without a pipe, ``CommandRun/lines`` and the other sequences throw `notPiped`, and
  /// ``Node/run(_:input:limit:timeout:)`` returns no bytes.
  public enum Output: Hashable, Sendable, Codable {
    /// A pipe that the node reads; the default. An ``ExternalCommand`` has the node's own output.
    case pipe
    /// The node's own standard output, without division into lines.
    case inherited
    /// The null device.
    case null
    /// A file.
    ///
    /// The file is truncated just before the command starts, even if the start then fails; with
    /// `appending`, output is appended instead. A missing file is created, owned by the node's
    /// user, with mode 0666 minus the umasks of node and command.
    ///
    /// A relative path starts at ``Command/directory``. The node opens the file, with its own
    /// rights, before the command starts. A file that cannot be opened or made, a directory, or a
    /// named pipe that no process reads fails the start with `fileUnusable`.
    case file(_ path: String, appending: Bool = false)
  }

  /// The destination of a command's standard error.
  ///
  /// Without a pipe, the node does not see it, and a ``CommandFailure`` has no lines.
  public enum ErrorOutput: Hashable, Sendable, Codable {
    /// A pipe; the default. An ``ExternalCommand`` has the node's own standard error.
    ///
    /// The node passes its lines on to its own standard error, and a ``CommandFailure`` has the
    /// last ones.
    case pipe
    /// The node's own standard error, without division into lines.
    case inherited
    /// The null device.
    case null
    /// A file, as for ``Command/Output/file(_:appending:)``.
    ///
    /// Use ``standardOutput`` to write both streams to one file: a file that is opened twice is
    /// overwritten, unless both append.
    case file(_ path: String, appending: Bool = false)
    /// The destination of standard output, in the order of writing; `2>&1` in a shell.
    case standardOutput
  }
}
