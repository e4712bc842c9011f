internal import ProcessTreeWire

/// An error of a command that could not start, or whose streams could not be used as requested.
///
/// A command that ran and failed is a ``CommandFailure`` instead.
public struct CommandError: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The kind of an error.
  public struct Code: Hashable, Sendable, Codable, CustomStringConvertible {
    private enum Kind: String, Codable {
      case executableNotFound, notExecutable, directoryUnusable, fileUnusable, limitRefused
      case credentialsRefused, invalidCommand, systemCallFailed, notPiped, inputClosed
      case lineTooLong, frameTooLong, incompleteFrame, outputTooLarge, alreadyReading
      case statusTaken, notReady, neverUp
    }

    private let kind: Kind

    /// There is no such executable, at its path or in any directory of `PATH`.
    public static let executableNotFound = Self(kind: .executableNotFound)
    /// The file exists but cannot be executed: no permission, no program, or a missing interpreter.
    public static let notExecutable = Self(kind: .notExecutable)
    /// The working directory does not exist, is not a directory or cannot be entered.
    public static let directoryUnusable = Self(kind: .directoryUnusable)
    /// A file for a stream does not exist, is a directory or cannot be opened.
    public static let fileUnusable = Self(kind: .fileUnusable)
    /// The node may not set a limit that is above its own.
    public static let limitRefused = Self(kind: .limitRefused)
    /// The node may not run commands as that user, or an id is invalid.
    public static let credentialsRefused = Self(kind: .credentialsRefused)
    /// The command contains an impossible value: a zero byte, a negative limit.
    public static let invalidCommand = Self(kind: .invalidCommand)
    /// A call to the operating system failed, for example because descriptors or processes ran out.
    public static let systemCallFailed = Self(kind: .systemCallFailed)
    /// The command declares that the stream is not a pipe to the node.
    public static let notPiped = Self(kind: .notPiped)
    /// The command's standard input has been closed, by the command or by the node.
    public static let inputClosed = Self(kind: .inputClosed)
    /// A line is longer than its reader allows.
    public static let lineTooLong = Self(kind: .lineTooLong)
    /// A frame is longer than its reader, or its length prefix, allows.
    public static let frameTooLong = Self(kind: .frameTooLong)
    /// The output ended in the middle of a frame.
    public static let incompleteFrame = Self(kind: .incompleteFrame)
    /// The output is larger than its collector allows.
    public static let outputTooLarge = Self(kind: .outputTooLarge)
    /// Another task is already reading the output.
    public static let alreadyReading = Self(kind: .alreadyReading)
    /// The command has ended, but its status is unknown: other code in this process waits for any
    /// child, or ignores SIGCHLD.
    public static let statusTaken = Self(kind: .statusTaken)

    /// The command's ``ReadinessCheck`` does not hold any more.
    public static let notReady = Self(kind: .notReady)
    /// The command's ``ReadinessCheck`` has not held in time: the node that ran it could not start.
    public static let neverUp = Self(kind: .neverUp)

    /// The code's name.
    public var description: String { kind.rawValue }
  }

  /// The kind of the error.
  public let code: Code
  /// The event and a remedy, at most 4,096 bytes; quotations have at most 256.
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
