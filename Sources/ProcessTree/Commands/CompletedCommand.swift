public import ProcessTreeProcessControl
internal import ProcessTreeWire

/// A command that has ended, whatever its status: how it ended and what it wrote; Python's
/// `CompletedProcess`.
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
  /// The command as a shell would take it, at most 4,096 bytes of it.
  public var command: String
  /// The process that it was.
  public var pid: Int32
  /// How it ended.
  public var status: ExitStatus
  /// What it wrote to its standard output, from the beginning; nothing when that is no pipe.
  public var standardOutput: [UInt8]
  /// What it wrote to its standard error, up to the end; nothing when that is no pipe.
  public var standardError: [UInt8]
  /// Whether it wrote more to its standard output than was kept: ``standardOutput`` lacks the end.
  public var isOutputCut: Bool
  /// Whether it wrote more to its standard error than was kept: ``standardError`` lacks the beginning.
  public var isErrorCut: Bool
  /// Whether it was ended because its time was over.
  public var isOverdue: Bool
  /// How long it ran, from its start to its reaping.
  public var duration: Duration
  /// What it used, with those of its descendants that it has reaped.
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

  /// The standard output as text; bytes that are no UTF-8 become replacement characters.
  public var outputText: String { String(decoding: standardOutput, as: UTF8.self) }

  /// The standard error as text; bytes that are no UTF-8 become replacement characters.
  public var errorText: String { String(decoding: standardError, as: UTF8.self) }

  /// Whether it ended with exit code 0.
  public var isSuccess: Bool { status == .exited(0) }

  /// The command itself if it ended with exit code 0 and all of its output was kept.
  ///
  /// Throws a ``CommandFailure`` with the last lines of standard error for any other end,
  /// `deadlinePassed` for one whose time was over, and `outputTooLarge` for output that was cut.
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

  /// The last lines of standard error, as a failure has them.
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
      "More than the \(limit) bytes that are allowed were written: \(command.quotation)")
  }
}

extension ProcessTreeError {
  /// What is thrown for a command that was ended because its time was over.
  static func overdue(_ command: String, after time: Duration) -> Self {
    Self(.deadlinePassed, "It had not ended after \(time), and was ended: \(command.quotation)")
  }
}
