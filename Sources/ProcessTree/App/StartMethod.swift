/// How a node starts its children, in Python's words.
public enum StartMethod: String, Hashable, Sendable, Codable, CaseIterable {
  /// A helper that was forked before anything else started clones itself for each child.
  ///
  /// The default. It needs a `main` that is the library's (see ``ProcessTreeApp``), so that the
  /// helper can be made while the process has one thread.
  case forkServer
  /// The program's own executable is started anew for each child.
  ///
  /// Slower by some milliseconds. Children share neither address layout nor hash seed with their
  /// siblings, which forked ones do: the method for untrusted input.
  case spawn
}
