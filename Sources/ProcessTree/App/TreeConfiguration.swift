public import Logging
public import ProcessTreeSupervision

/// The settings of a tree, made at the root and inherited by every node.
public struct TreeConfiguration: Sendable {
  /// How nodes start children.
  public var startMethod: StartMethod = .forkServer
  /// How long each step of stopping a child may take, unless the child has its own policy.
  public var stopPolicy: StopPolicy = .default
  /// How long a child may take from its start until it reports that it is ready.
  public var startDeadline: Duration = .seconds(30)
  /// How long a child may be silent, unless it has a liveness of its own, or its program declares
  /// that it works synchronously; off by default.
  public var liveness: Liveness = .off
  /// What the root does with the output of nodes.
  public var output: OutputMode = .passThrough
  /// The lowest level of log records that nodes send to the root.
  public var logLevel: Logger.Level = .info
  /// How many children a group without a limit of its own has alive at a time, and how many
  /// commands
  /// ``Node/captureAll(_:limit:attempts:timeout:outputLimit:errorLimit:inOrder:stopsAtFailure:)``
  /// runs; `nil` for 64 children, and for as many commands as processors.
  ///
  /// Children may wait for each other, so their number does not depend on the machine: a program
  /// that works on one works on all.
  public var defaultLimit: Int?
  /// How many programs run at a time in the whole tree, without the root's; `nil` for any number.
  ///
  /// Set it in the app's configuration, or before the first child starts. A started node waits for
  /// its turn, and lends the turn while its program waits for children, so a chain of waiting
  /// parents cannot block the tree. A number below one counts as one.
  public var treeLimit: Int?

  /// The directory in which the root writes a file about a run that has failed; `nil` for none.
  ///
  /// It shows how nodes ended, what all of them waited for at the first failure and at the end,
  /// the last events and the last lines of each node. Without the setting, the environment's
  /// `PROCESS_TREE_POST_MORTEM` counts. The file has at most 1.3 MiB, is readable for its user
  /// alone, and its path is the last line on standard error. It has no environment and no arguments
  /// of commands, but what nodes wrote and messages of errors. A file that cannot be written is a
  /// line on standard error, and changes no exit code. Nodes that share one process write none.
  public var postMortemDirectory: String?

  /// Whether the processes of the run are in a control group of their own; off by default.
  ///
  /// With the first child or command, the root moves itself and its helper to a new group below its
  /// own. All later processes of the run are in it, whatever they change in themselves, and the
  /// kernel ends them at the end of the run. Nodes that share one process have none. A node below
  /// the root does not read the setting.
  public var controlGroup: ControlGroupMode = .off

  /// Whether the root plays the life of a child through before its first start.
  ///
  /// It takes the root as long as it saves two or three starts.
  package var rehearsesStarts = true

  /// Makes the default settings.
  public init() {}

  /// The limit of a group where nobody has set one.
  static let groupLimit = 64
}

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

/// What the root does with the lines that nodes write to their standard output and error.
public enum OutputMode: String, Hashable, Sendable, Codable {
  /// The lines are written unchanged to the root's own standard output and error.
  case passThrough
  /// The lines are written with the node's name before each.
  case prefixed
  /// The lines are read and dropped; exit reports still have the last error lines.
  case discard
}

/// Whether a run has a control group of its own.
public enum ControlGroupMode: String, Hashable, Sendable, Codable, CaseIterable {
  /// The run has none; its processes are known by their tags.
  case off
  /// The run has one where the system allows it.
  case whereAvailable
  /// No child and no command starts without it: ``ProcessTreeError/Code/controlGroupUnavailable``.
  case required
}
