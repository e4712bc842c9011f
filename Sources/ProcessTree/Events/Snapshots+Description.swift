extension NodeSnapshot: Identifiable {
  /// The node's place in the tree, which is unique in a run.
  public var id: String { path }
}

extension NodeSnapshot: CustomStringConvertible {
  /// The node with its process id and phase, and an indented line for each node below it.
  public var description: String { lines(indent: "").joined(separator: "\n") }

  private func lines(indent: String) -> [String] {
    let process = pid.map { "pid \($0), " } ?? ""
    let life = incarnation > 1 ? ", life \(incarnation)" : ""
    return ["\(indent)\(name) (\(process)\(phase.rawValue)\(life))".withoutControlCharacters]
      + children.flatMap { $0.lines(indent: indent + "  ") }
  }
}

extension TreeSnapshot: CustomStringConvertible {
  /// A line for each node, and the number of nodes that have ended.
  public var description: String {
    "\(root)" + (exitedCount > 0 ? "\n\(exitedCount) ended" : "")
  }
}
