public import Logging
public import ProcessTreeSupervision

/// Settings of a tree; made at the root, inherited by every node.
public struct TreeConfiguration: Sendable {
  /// How children are started.
  public var startMethod: StartMethod = .forkServer
  /// How long each step of stopping a child may take, unless the child has a policy of its own.
  public var stopPolicy: StopPolicy = .default
  /// How long a child has from its start until it says that it is ready.
  public var startDeadline: Duration = .seconds(30)
  /// What the root does with the output of nodes.
  public var output: OutputMode = .passThrough
  /// Log records of nodes below this level stay where they are.
  public var logLevel: Logger.Level = .info
  /// How many children a group has alive at a time when it is given no limit; nil is any number.
  public var defaultLimit: Int?
  /// How many programs run at a time in the whole tree, at most, not counting the root's; nil is any
  /// number.
  ///
  /// To be set by the app or before the first child is started. A node waits for its turn after it has
  /// started, and lends it while its program waits for children, so that no chain of waiting parents
  /// can block the tree.
  public var treeLimit: Int?

  /// The defaults.
  public init() {}
}
