internal import Glibc
internal import ProcessTreeWire

extension Command {
  /// The environment variables of a command.
  public struct Environment: Hashable, Sendable, Codable {
    let inherits: Bool
    private(set) var added: [String: String]
    let removed: Set<String>

    /// The node's variables at the start of the command.
    public static let inherit = Self(inherits: true, added: [:], removed: [])

    /// The node's variables at the start of the command, with some set and others removed.
    public static func inherit(
      adding added: [String: String], removing removed: Set<String> = []
    ) -> Self {
      Self(inherits: true, added: added, removed: removed)
    }

    /// Only these variables.
    public static func only(_ variables: [String: String]) -> Self {
      Self(inherits: false, added: variables, removed: [])
    }
  }
}

extension Command.Environment {
  /// Sets a variable, whatever the command declares.
  mutating func add(_ name: String, _ value: String) { added[name] = value }

  /// The variables as `NAME=value`.
  ///
  /// - Parameter inherited: The node's own variables, as bytes because they need not be text.
  /// - Throws: `invalidCommand` for an invalid name.
  func resolved(from inherited: [[UInt8]]) throws(CommandError) -> [[UInt8]] {
    if let refusal { throw CommandError(.invalidCommand, refusal) }
    let replaced = Set((Array(added.keys) + removed).map { Array($0.utf8) })
    let kept = inherits ? inherited.filter { !replaced.contains(Self.name(of: $0)) } : []
    // Sorting gives a command the same order each time.
    return kept + added.sorted { $0.key < $1.key }.map { Array("\($0.key)=\($0.value)".utf8) }
  }

  /// Why a process cannot have these variables; nil if it can.
  var refusal: String? {
    added.lazy.compactMap { name, value in
      if name.isEmpty || name.utf8.contains(UInt8(ascii: "=")) {
        return
          "\(name.quotation.debugDescription) cannot name an environment variable: a name is not "
          + "empty and has no equals sign."
      }
      guard name.utf8.contains(0) || value.utf8.contains(0) else { return nil }
      return
        "Remove the zero byte from the environment variable \(name.quotation.debugDescription)."
    }.first
  }

  /// Gives this process the variables; called while it has one thread.
  func apply() {
    if !inherits { clearenv() }
    for name in removed { unsetenv(name) }
    for (name, value) in added { setenv(name, value, 1) }
  }

  private static func name(of variable: [UInt8]) -> [UInt8] {
    Array(variable.prefix { $0 != UInt8(ascii: "=") })
  }

  /// This process's own variables, as bytes.
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
