/// What became of one command of many; see ``Node/captureAll(_:limit:attempts:timeout:outputLimit:errorLimit:inOrder:stopsAtFailure:)``.
public struct CommandOutcome: Sendable {
  /// The command's number among the commands that were given, from 0 on.
  public var index: Int
  /// The command.
  public var command: Command
  /// How often it was run.
  public var attempts: Int
  /// How it ended the last time, or why it could not be started.
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

  /// Whether the command ended with exit code 0 in its time.
  public var isSuccess: Bool {
    guard case .success(let completed) = result else { return false }
    return completed.isSuccess && !completed.isOverdue
  }

  /// How it ended, if that was with exit code 0 and all of its output was kept.
  ///
  /// Throws what kept it from starting, and what ``CompletedCommand/checked()`` throws.
  @discardableResult
  public func checked() throws -> CompletedCommand { try result.get().checked() }
}

extension CommandOutcome: CustomStringConvertible {
  /// How the command ended, or why it could not be started.
  public var description: String {
    let times = attempts > 1 ? " (attempt \(attempts))" : ""
    switch result {
    case .success(let completed): return "\(completed)\(times)"
    case .failure(let error): return "\(error)\(times)"
    }
  }
}
