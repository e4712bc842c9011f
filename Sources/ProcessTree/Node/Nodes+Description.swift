extension Node: CustomStringConvertible {
  /// The node's name and process id.
  public var description: String { "\(name) (pid \(pid))" }
}

extension ParentNode: CustomStringConvertible {
  /// The parent's name and process id.
  public var description: String { "\(name) (pid \(pid))" }
}

extension AnyChild: CustomStringConvertible {
  /// The child's name, process id and phase; after its end, its exit report.
  public var description: String {
    if let exitReport { return "\(exitReport)" }
    return "\(name) (" + (pid.map { "pid \($0), " } ?? "") + "\(phase.rawValue))"
  }
}

extension CommandRun: CustomStringConvertible {
  /// The command and its process id.
  public var description: String { "\(command) (pid \(pid))" }
}
