/// The end of one command of many, or the reason why it did not start.
///
/// See
/// ``Node/captureAll(_:limit:attempts:timeout:outputLimit:errorLimit:inOrder:stopsAtFailure:)``.
public struct CommandOutcome: Sendable {
  /// The command's position in the sequence of commands, from 0 on.
  public var index: Int
  /// The command.
  public var command: Command
  /// How often the command was run.
  public var attempts: Int
  /// The end of the last attempt, or the error of its start.
  public var result: Result<CompletedCommand, CommandError>

  /// Makes an outcome, for tests of code that takes one.
  public init(
    index: Int, command: Command, attempts: Int = 1,
    result: Result<CompletedCommand, CommandError>
  ) {
    self.index = index
    self.command = command
    self.attempts = attempts
    self.result = result
  }

  /// Whether the command ended with exit code 0 before its deadline.
  public var isSuccess: Bool {
    guard case .success(let completed) = result else { return false }
    return completed.isSuccess && !completed.isOverdue
  }

  /// Returns the completed command if it succeeded and all of its output was kept.
  ///
  /// - Returns: The completed command.
  /// - Throws: The error of its start, and the errors of ``CompletedCommand/checked()``.
  @discardableResult
  public func checked() throws -> CompletedCommand { try result.get().checked() }
}

extension CommandOutcome: CustomStringConvertible {
  /// The end of the command, or the error of its start.
  public var description: String {
    let times = attempts > 1 ? " (attempt \(attempts))" : ""
    switch result {
    case .success(let completed): return "\(completed)\(times)"
    case .failure(let error): return "\(error)\(times)"
    }
  }
}
