/// The failure of a file that cannot be opened or read, or whose lines cannot be used.
public struct FileFailure: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// What kind of failure it is.
  public struct Code: Hashable, Sendable, Codable, CustomStringConvertible {
    private enum Kind: String, Codable {
      case notOpened, notRead, lineTooLong
    }

    private let kind: Kind

    /// The file cannot be opened.
    public static let notOpened = Self(kind: .notOpened)
    /// The file was opened and cannot be read; a directory is such a file.
    public static let notRead = Self(kind: .notRead)
    /// A line is longer than the limit.
    public static let lineTooLong = Self(kind: .lineTooLong)

    /// The code's name.
    public var description: String { kind.rawValue }
  }

  /// What kind of failure it is.
  public let code: Code
  /// The file; `-` is the standard input.
  public let path: String
  /// What happened.
  public let message: String

  /// Makes a failure, for tests of code that handles one.
  public init(_ code: Code, path: String, _ message: String) {
    self.code = code
    self.path = path
    self.message = message
  }

  /// The file and the message.
  public var description: String { "\(path == "-" ? "standard input" : path): \(message)" }
}
