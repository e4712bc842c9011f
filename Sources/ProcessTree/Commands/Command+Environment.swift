internal import Glibc
internal import ProcessTreeWire

extension Command {
  /// The environment variables of a command.
  public struct Environment: Hashable, Sendable, Codable {
    /// Whether it begins with what the node has.
    private var inherits: Bool
    private var added: [String: String]
    private var removed: Set<String>

    /// What the node has when the command is started.
    public static let inherit = Self(inherits: true, added: [:], removed: [])

    /// What the node has when the command is started, with some variables set and others removed.
    public static func inherit(
      adding added: [String: String], removing removed: Set<String> = []
    ) -> Self {
      Self(inherits: true, added: added, removed: removed)
    }

    /// These variables and no others.
    public static func only(_ variables: [String: String]) -> Self {
      Self(inherits: false, added: variables, removed: [])
    }
  }
}

extension Command.Environment {
  /// The variables as `NAME=value`; throws `invalidCommand` for a name that cannot be one.
  ///
  /// - Parameter inherited: The node's own variables, in bytes, because they need not be text.
  func resolved(from inherited: [[UInt8]]) throws(CommandError) -> [[UInt8]] {
    for name in added.keys where name.isEmpty || name.utf8.contains(UInt8(ascii: "=")) {
      throw CommandError(
        .invalidCommand,
        "\(name.quotation.debugDescription) cannot name an environment variable: a name is not empty and "
          + "has no equals sign.")
    }
    let replaced = Set((Array(added.keys) + removed).map { Array($0.utf8) })
    let kept = inherits ? inherited.filter { !replaced.contains(Self.name(of: $0)) } : []
    // Sorted, so that a command sees the same order each time.
    return kept + added.sorted { $0.key < $1.key }.map { Array("\($0.key)=\($0.value)".utf8) }
  }

  private static func name(of variable: [UInt8]) -> [UInt8] {
    Array(variable.prefix { $0 != UInt8(ascii: "=") })
  }

  /// This process's own variables as they are.
  static func ofThisProcess() -> [[UInt8]] {
    var variables: [[UInt8]] = []
    var next = environ
    while let text = next.pointee {
      let bytes = UnsafeRawBufferPointer(start: text, count: strlen(text))
      variables.append(Array(bytes))
      next += 1
    }
    return variables
  }
}
