internal import ProcessTreeWire

/// A command that could not be started, or whose streams could not be used as asked.
///
/// A command that ran and failed is a ``CommandFailure`` instead.
public struct CommandError: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// What kind of error it is.
  public struct Code: Hashable, Sendable, Codable, CustomStringConvertible {
    private enum Kind: String, Codable {
      case executableNotFound, notExecutable, directoryUnusable, fileUnusable, limitRefused
      case credentialsRefused, invalidCommand, systemCallFailed, notPiped, inputClosed
      case lineTooLong, frameTooLong, incompleteFrame, outputTooLarge, alreadyReading
      case statusTaken
    }

    private let kind: Kind

    /// No such executable, at its path or in any directory of `PATH`.
    public static let executableNotFound = Self(kind: .executableNotFound)
    /// The file is there and cannot be executed: no permission, no program, a missing interpreter.
    public static let notExecutable = Self(kind: .notExecutable)
    /// The working directory does not exist, is no directory or cannot be entered.
    public static let directoryUnusable = Self(kind: .directoryUnusable)
    /// A file that a stream is to be connected to does not exist, is a directory or cannot be opened.
    public static let fileUnusable = Self(kind: .fileUnusable)
    /// The node may not set a limit, because it is above the node's own.
    public static let limitRefused = Self(kind: .limitRefused)
    /// The command cannot run as the user: the node may not change that, or there is no such number.
    public static let credentialsRefused = Self(kind: .credentialsRefused)
    /// The command contains something that no command can: a zero byte, a negative limit.
    public static let invalidCommand = Self(kind: .invalidCommand)
    /// A call to the operating system failed, for want of descriptors or processes for instance.
    public static let systemCallFailed = Self(kind: .systemCallFailed)
    /// The stream is not a pipe to the node: the command has it connected to something else.
    public static let notPiped = Self(kind: .notPiped)
    /// The command does not read its standard input any more, or it was finished.
    public static let inputClosed = Self(kind: .inputClosed)
    /// A line is longer than its reader allows.
    public static let lineTooLong = Self(kind: .lineTooLong)
    /// A frame is longer than its reader, or its length prefix, allows.
    public static let frameTooLong = Self(kind: .frameTooLong)
    /// The output ended in the middle of a frame.
    public static let incompleteFrame = Self(kind: .incompleteFrame)
    /// The output is larger than its collector allows.
    public static let outputTooLarge = Self(kind: .outputTooLarge)
    /// Another task is reading the output already.
    public static let alreadyReading = Self(kind: .alreadyReading)
    /// The command has ended, and other code in this process has taken its status by waiting for
    /// any child, or ignores SIGCHLD.
    public static let statusTaken = Self(kind: .statusTaken)

    /// The code's name.
    public var description: String { kind.rawValue }
  }

  /// What kind of error it is.
  public let code: Code
  /// What happened, and what to do about it; at most 4,096 bytes, of what it quotes 256.
  public let message: String

  /// Makes an error, for tests of code that handles one.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message.limited(to: WireLimits.message)
  }

  /// The message.
  public var description: String { message }

  static func notPiped(_ stream: String, of command: Command) -> Self {
    Self(
      .notPiped,
      "The standard \(stream) is not a pipe, because the command has it connected to something "
        + "else: \(command.quotation)")
  }
}
