public import ProcessTreeProcessControl

/// The failure of a command that ran and did not end with exit code 0.
public struct CommandFailure: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The command in a shell's syntax, at most 4,096 bytes.
  public let command: String
  /// The command's process id.
  public let pid: Int32
  /// The exit status.
  public let status: ExitStatus
  /// The last lines of standard error, at most 20 of 1,024 bytes each; none if it is not a pipe.
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
