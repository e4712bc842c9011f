/// What the root does with the lines that nodes write to their standard output and error.
public enum OutputMode: String, Hashable, Sendable, Codable {
  /// Written as they are to the root's own standard output and error.
  case passThrough
  /// The same, with the node's name before each line.
  case prefixed
  /// Read and dropped. The last error lines are still part of exit reports.
  case discard
}
