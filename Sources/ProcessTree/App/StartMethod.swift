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
  /// Each child is a task of this process, with a runtime of its own.
  ///
  /// For tests and debuggers: programs, messages, channels, events and stops are the same, but nothing
  /// isolates the nodes. A crash ends them all, code that never suspends holds all of them up and cannot
  /// be killed, and what a child prints is the process's own output.
  case inProcess
}
