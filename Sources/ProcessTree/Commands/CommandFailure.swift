public import ProcessTreeProcessControl

/// A command ran and ended otherwise than with exit code 0.
public struct CommandFailure: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The command as a shell would take it, at most 4,096 bytes of it.
  public let command: String
  /// The process that it was.
  public let pid: Int32
  /// How it ended.
  public let status: ExitStatus
  /// The last lines, at most 20, that it wrote to standard error, 1,024 bytes of each; none when
  /// that is no pipe.
  public let lastErrorLines: [String]

  /// Makes a failure, for tests of code that handles one.
  public init(command: String, pid: Int32, status: ExitStatus, lastErrorLines: [String]) {
    self.command = command
    self.pid = pid
    self.status = status
    self.lastErrorLines = lastErrorLines
  }

  /// The command and its end, with the last line of its standard error.
  public var description: String {
    "\(command) (pid \(pid)) \(status)" + (lastErrorLines.last.map { " — \($0)" } ?? "")
  }
}
