internal import ProcessTreeWire

/// An external executable and all that it is to be run with: a value that can be sent to other
/// nodes.
///
/// ```swift
/// let archive = Command("gzip", ["-dc", path], environment: .inherit(adding: ["LC_ALL": "C"]))
/// let bytes = try await node.run(archive)
/// ```
///
/// Nothing is passed to a shell. See ``Node/start(_:)``, ``Node/run(_:input:limit:timeout:)``,
/// ``Node/withCommand(_:_:)`` and ``ExternalCommand``.
public struct Command: Hashable, Sendable, Codable {
  /// The name of the executable, or a path with a slash in it.
  ///
  /// A name is looked for in the directories of `PATH`: of the command's environment or, when that
  /// has none, of the node's. A relative path counts from ``directory``.
  public var executable: String
  /// The arguments, without the executable's name.
  public var arguments: [String]
  /// The environment; the node's unless declared otherwise.
  public var environment: Environment
  /// Where it runs; the node's working directory when nil.
  public var directory: String?
  /// Bounds that the kernel keeps, beside those that the node itself is under.
  public var limits: [Limit]
  /// The file mode creation mask, of which nine bits count; the node's when nil.
  public var umask: UInt32?
  /// The user and the groups that it runs as; the node's when nil.
  public var credentials: Credentials?
  /// Where it reads its standard input from.
  public var standardInput: Input
  /// Where its standard output goes.
  public var standardOutput: Output
  /// Where its standard error goes.
  public var standardError: ErrorOutput

  /// Describes a command; nothing is looked up or checked before it is started.
  public init(
    _ executable: String, _ arguments: [String] = [], environment: Environment = .inherit,
    directory: String? = nil, limits: [Limit] = [], umask: UInt32? = nil,
    credentials: Credentials? = nil, standardInput: Input = .pipe,
    standardOutput: Output = .pipe, standardError: ErrorOutput = .pipe
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
  }
}

extension Command: CustomStringConvertible {
  /// The executable and its arguments as a shell would take them, without environment.
  public var description: String {
    ([executable] + arguments).map(Self.quoted).joined(separator: " ")
  }

  /// The beginning of the description, for texts that quote it: a command may have megabytes.
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
