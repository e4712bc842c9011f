public import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The status and the output of a command that has ended; Python's `CompletedProcess`.
///
/// ```swift
/// let search = try await node.capture(Command("grep", ["-c", "main", path]))
/// switch search.status {
/// case .exited(0): print(search.outputText)
/// case .exited(1): print("none")
/// default: try search.checked()
/// }
/// ```
public struct CompletedCommand: Hashable, Sendable, Codable {
  /// The command in a shell's syntax, at most 4,096 bytes.
  public var command: String
  /// The command's process id.
  public var pid: Int32
  /// The exit status.
  public var status: ExitStatus
  /// The beginning of its standard output; empty if that is not a pipe.
  public var standardOutput: [UInt8]
  /// The end of its standard error; empty if that is not a pipe.
  public var standardError: [UInt8]
  /// Whether ``standardOutput`` lacks the end, because of the limit.
  public var isOutputCut: Bool
  /// Whether ``standardError`` lacks the beginning, because of the limit.
  public var isErrorCut: Bool
  /// Whether it was ended because it exceeded its timeout.
  public var isOverdue: Bool
  /// The time from its start until it was reaped.
  public var duration: Duration
  /// The resources that it and the descendants that it reaped have used.
  public var usage: ResourceUsage

  /// Makes a record, for tests of code that takes one.
  public init(
    command: String, pid: Int32, status: ExitStatus, standardOutput: [UInt8] = [],
    standardError: [UInt8] = [],
    isOutputCut: Bool = false, isErrorCut: Bool = false, isOverdue: Bool = false,
    duration: Duration = .zero, usage: ResourceUsage = .none
  ) {
    self.command = command
    self.pid = pid
    self.status = status
    self.standardOutput = standardOutput
    self.standardError = standardError
    self.isOutputCut = isOutputCut
    self.isErrorCut = isErrorCut
    self.isOverdue = isOverdue
    self.duration = duration
    self.usage = usage
  }

  /// The standard output as text; invalid UTF-8 becomes replacement characters.
  public var outputText: String { String(decoding: standardOutput, as: UTF8.self) }

  /// The standard error as text; invalid UTF-8 becomes replacement characters.
  public var errorText: String { String(decoding: standardError, as: UTF8.self) }

  /// Whether it ended with exit code 0.
  public var isSuccess: Bool { status == .exited(0) }

  /// Returns the command if it succeeded and all of its output was kept.
  ///
  /// - Returns: The command itself.
  /// - Throws: A ``CommandFailure`` for an end other than exit code 0, `deadlinePassed` after a
  ///   timeout, and `outputTooLarge` if output was cut.
  @discardableResult
  public func checked() throws -> Self {
    if isOverdue { throw ProcessTreeError.overdue(command, after: duration) }
    guard isSuccess else {
      throw CommandFailure(
        command: command, pid: pid, status: status, lastErrorLines: lastErrorLines)
    }
    guard !isOutputCut else { throw CommandError.outputTooLarge(standardOutput.count, of: command) }
    return self
  }

  private var lastErrorLines: [String] {
    standardError.split(separator: UInt8(ascii: "\n")).suffix(20)
      .map { String(decoding: $0.prefix(1_024), as: UTF8.self) }
  }
}

extension CompletedCommand: CustomStringConvertible {
  /// The command and its end, with the last line of its standard error if it failed.
  public var description: String {
    let end = "\(command) (pid \(pid)) \(status)" + (isOverdue ? ", its time was over" : "")
    guard !isSuccess, let line = lastErrorLines.last else { return end }
    return "\(end) — \(line)"
  }
}

extension CommandError {
  static func outputTooLarge(_ limit: Int, of command: String) -> Self {
    Self(
      .outputTooLarge,
      "The output has more than the allowed \(limit) bytes: \(command.quotation)")
  }
}

extension ProcessTreeError {
  static func overdue(_ command: String, after time: Duration) -> Self {
    Self(.deadlinePassed, "The command exceeded its timeout of \(time): \(command.quotation)")
  }
}
