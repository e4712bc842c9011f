public import ProcessTreeSupervision

/// Something that happened to a node.
///
/// Events of one node arrive in order, numbered from 1 without gaps; a number that is missing means
/// that a node on the way ended before it could pass the event on.
public struct LifecycleEvent: Hashable, Sendable, Codable {
  /// What happened.
  public enum Kind: Hashable, Sendable, Codable {
    /// The process exists.
    case started
    /// The node is about to run its program.
    case ready
    /// The program reported progress.
    case reported(ProgressReport)
    /// The node was asked to stop.
    case stopping(StopRequest)
    /// The node has ended and has been reaped.
    case exited(ExitReport)
    /// A process that a dead node had left behind was found by this node and ended.
    case leftBehind(pid: Int32, command: String)
    /// The node's fork server has gone; its further children are started by `spawn`.
    case forkServerLost
    /// The node cannot start children as asked, and starts them by this method instead.
    case startMethodChanged(StartMethod, reason: String)
    /// Somebody connected to the node's endpoint without proof of being its child.
    case connectionRefused(reason: String)
    /// A message of, or to, the node could not be decoded.
    case messageRejected(reason: String)
    /// One of the node's senders has finished; what became of its elements.
    case channelFinished(ChannelCounts)
    /// The node's senders wait for credit that none of these nodes can ever give: each waits for the
    /// next, and the last for the first.
    case channelsInCycle(nodes: [String])
    /// The node's parent ended before it could tell how this node ended.
    case lost
  }

  /// The event's number among those of its node, from 1 on.
  public var sequence: UInt64
  /// When, in nanoseconds since 1970 by the clock of the node that noticed.
  public var time: Int64
  /// The name of the node that it happened to.
  public var node: String
  /// The node's place in the tree as a default name; unique in a run, whatever names were given.
  public var path: String
  /// The node's process; nil when there is none.
  public var pid: Int32?
  /// The process of the node's parent; nil for the root.
  public var parentPID: Int32?
  /// What happened.
  public var kind: Kind

  /// Makes an event, for tests of code that takes one.
  public init(
    sequence: UInt64 = 1, time: Int64 = 0, node: String, path: String, pid: Int32? = nil,
    parentPID: Int32? = nil, kind: Kind
  ) {
    self.sequence = sequence
    self.time = time
    self.node = node
    self.path = path
    self.pid = pid
    self.parentPID = parentPID
    self.kind = kind
  }
}

/// What a program says about its progress.
public struct ProgressReport: Hashable, Sendable, Codable {
  /// In words.
  public var message: String
  /// How much is done, in units of the program's choice.
  public var completed: Int?
  /// How much there is to do, in the same units, where that is known.
  public var total: Int?
  /// How many reports before this one were left out because they came too fast.
  public var coalesced: Int = 0

  /// Makes a report, for tests of code that takes one.
  public init(message: String, completed: Int? = nil, total: Int? = nil, coalesced: Int = 0) {
    self.message = message
    self.completed = completed
    self.total = total
    self.coalesced = coalesced
  }
}
