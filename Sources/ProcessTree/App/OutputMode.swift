/// What the root does with the lines that nodes write to their standard output and error.
public enum OutputMode: String, Hashable, Sendable, Codable {
  /// The lines are written unchanged to the root's own standard output and error.
  case passThrough
  /// The lines are written with the node's name before each.
  case prefixed
  /// The lines are read and dropped; exit reports still have the last error lines.
  case discard
}
