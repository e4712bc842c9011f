extension Command {
  /// Where a command reads its standard input from.
  ///
  /// A stream that is connected to something else has no pipe: ``CommandRun/send(_:)`` throws
  /// `notPiped`.
  public enum Input: Hashable, Sendable, Codable {
    /// A pipe that the node writes to; the default. An ``ExternalCommand`` has its node's own.
    case pipe
    /// The node's own standard input, shared with everything else that reads it.
    case inherited
    /// The null device: nothing to read.
    case null
    /// A file, from its beginning.
    ///
    /// A relative path counts from ``Command/directory``. It is opened by the node, with the node's
    /// rights, before the command starts; a file that is missing, unreadable or a directory fails
    /// the start with `fileUnusable`. A named pipe that nobody has opened for writing is empty.
    case file(_ path: String)
  }

  /// Where a command's standard output goes.
  ///
  /// A stream that is connected to something else has no pipe: ``CommandRun/lines`` and the other
  /// sequences throw `notPiped`, and ``Node/run(_:input:limit:timeout:)`` returns nothing.
  public enum Output: Hashable, Sendable, Codable {
    /// A pipe that the node reads; the default. An ``ExternalCommand`` has its node's own.
    case pipe
    /// The node's own standard output, as it is: not line by line.
    case inherited
    /// The null device, which drops it.
    case null
    /// A file.
    ///
    /// The file is truncated just before the command starts, even if the start then fails; with
    /// `appending`, output is appended instead. A missing file is created, owned by the node's
    /// user, with mode 0666 minus the umasks of node and command.
    ///
    /// A relative path counts from ``Command/directory``. It is opened by the node, with the node's
    /// rights, before the command starts; a file that cannot be opened or made, a directory or a
    /// named pipe that nobody reads fails the start with `fileUnusable`.
    case file(_ path: String, appending: Bool = false)
  }

  /// Where a command's standard error goes.
  ///
  /// Unless it is a pipe, the node sees nothing of it, and a ``CommandFailure`` has no lines.
  public enum ErrorOutput: Hashable, Sendable, Codable {
    /// A pipe whose lines go on to the node's standard error, and the last ones to a
    /// ``CommandFailure``; the default. An ``ExternalCommand`` has its node's own.
    case pipe
    /// The node's own standard error, as it is: not line by line.
    case inherited
    /// The null device, which drops it.
    case null
    /// A file, as of ``Command/Output/file(_:appending:)``.
    ///
    /// For standard output and standard error in one file see ``standardOutput``: opened twice they
    /// would overwrite each other, unless both append.
    case file(_ path: String, appending: Bool = false)
    /// Wherever standard output goes, in the order in which it is written; `2>&1` in a shell.
    case standardOutput
  }
}
