/// How a node starts its children; the names are Python's.
public enum StartMethod: String, Hashable, Sendable, Codable, CaseIterable {
  /// A helper, forked before anything else started, clones itself for each child; the default.
  ///
  /// It needs the library's `main` (see ``ProcessTreeApp``), because the process has only one
  /// thread when the helper is forked.
  case forkServer
  /// Each child executes the program anew.
  ///
  /// It takes some milliseconds longer. Children do not share an address layout or hash seed with
  /// their siblings, as forked ones do, so use it for untrusted input.
  case spawn
  /// Each child is a task of this process, with a runtime of its own.
  ///
  /// It is for tests and debuggers: programs, messages, channels, events and stops work as usual,
  /// but nothing isolates the nodes. A crash ends all of them, code that never suspends blocks all
  /// of them and cannot be killed, and a child prints to the process's own output.
  case inProcess
}
