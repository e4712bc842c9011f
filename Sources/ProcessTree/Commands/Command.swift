internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// An external executable with its arguments and settings: a value that can be sent to other nodes.
///
/// ```swift
/// let archive = Command("gzip", ["-dc", path], environment: .inherit(adding: ["LC_ALL": "C"]))
/// let bytes = try await node.run(archive)
/// ```
///
/// No shell is involved. See ``Node/start(_:)``, ``Node/run(_:input:limit:timeout:)``,
/// ``Node/withCommand(_:_:)`` and ``ExternalCommand``.
public struct Command: Hashable, Sendable, Codable {
  /// The name of the executable, or a path with a slash in it.
  ///
  /// A name is searched for in the directories of `PATH`: the one of the command's environment, or
  /// else the node's. A relative path starts at ``directory``.
  public var executable: String
  /// The arguments, without the executable's name.
  public var arguments: [String]
  /// The environment; by default the node's.
  public var environment: Environment
  /// The working directory; the node's if `nil`.
  public var directory: String?
  /// Resource limits of the command, in addition to the node's own.
  public var limits: [ResourceLimit]
  /// The file mode creation mask, of which nine bits count; the node's if `nil`.
  public var umask: UInt32?
  /// The user and the groups of the command; the node's if `nil`.
  public var credentials: Credentials?
  /// The source of the standard input.
  public var standardInput: Input
  /// The destination of the standard output.
  public var standardOutput: Output
  /// The destination of the standard error.
  public var standardError: ErrorOutput
  /// The signal that asks the command to end, before SIGKILL; SIGTERM if `nil`.
  public var stopSignal: Int32?

  /// Makes a command; nothing is looked up or checked before it starts.
  public init(
    _ executable: String, _ arguments: [String] = [], environment: Environment = .inherit,
    directory: String? = nil, limits: [ResourceLimit] = [], umask: UInt32? = nil,
    credentials: Credentials? = nil, standardInput: Input = .pipe,
    standardOutput: Output = .pipe, standardError: ErrorOutput = .pipe,
    stopSignal: Int32? = nil
  ) {
    self.executable = executable
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
    self.limits = limits
    self.umask = umask
    self.credentials = credentials
    self.standardInput = standardInput
    self.standardOutput = standardOutput
    self.standardError = standardError
    self.stopSignal = stopSignal
  }
}

extension Command: CustomStringConvertible {
  /// The executable and its arguments in a shell's syntax, without the environment.
  public var description: String {
    ([executable] + arguments).map(Self.quoted).joined(separator: " ")
  }

  /// The beginning of the description, for messages: a command may have megabytes.
  var quotation: String {
    let words = ([executable] + arguments).prefix(WireLimits.quotation)
    let isWhole = words.count == arguments.count + 1
    let text = words.map { Self.quoted($0.limited(to: WireLimits.quotation)) }
    return (text.joined(separator: " ") + (isWhole ? "" : " …")).quotation
  }

  private static func quoted(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy { byte in
      let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      return isLetter || isDigit || "-_./=:,+@%".utf8.contains(byte)
    }
    guard !isPlain || word.isEmpty else { return word }
    let quotes = word.split(separator: "'", omittingEmptySubsequences: false)
    return "'" + quotes.joined(separator: "'\\''") + "'"
  }
}

extension Command {
  /// The limits for the kernel.
  ///
  /// - Throws: `invalidCommand` for a negative limit.
  func resolvedLimits() throws(CommandError) -> [ProcessLimit] {
    if let refusal = limits.lazy.compactMap(\.refusal).first {
      throw CommandError(.invalidCommand, refusal)
    }
    return limits.map(\.resolved)
  }
}
