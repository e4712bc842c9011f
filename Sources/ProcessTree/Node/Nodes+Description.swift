extension Node: CustomStringConvertible {
  /// The node's name and process.
  public var description: String { "\(name) (pid \(pid))" }
}

extension ParentNode: CustomStringConvertible {
  /// The parent's name and process.
  public var description: String { "\(name) (pid \(pid))" }
}

extension AnyChild: CustomStringConvertible {
  /// The child's name, process and phase; once it has ended, how.
  public var description: String {
    if let exitReport { return "\(exitReport)" }
    return "\(name) (" + (pid.map { "pid \($0), " } ?? "") + "\(phase.rawValue))"
  }
}

extension CommandRun: CustomStringConvertible {
  /// The command and its process.
  public var description: String { "\(command) (pid \(pid))" }
}
