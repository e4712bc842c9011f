public import ProcessTreeSupervision

/// An event in the life of a node.
///
/// Events of one node arrive in order, numbered from 1 without gaps; a missing number means that a
/// node on the way ended before it could pass the event on.
public struct LifecycleEvent: Hashable, Sendable, Codable {
  /// The kind of an event.
  public enum Kind: Hashable, Sendable, Codable {
    /// The process exists.
    case started
    /// The node is about to run its program.
    case ready
    /// The program announced that the node is up.
    case up
    /// The program announced that the node is no longer up; it still runs.
    case down
    /// The node has not renewed its lease for this time; its `Liveness` decides what follows.
    case unresponsive(silence: Duration, process: ProcessState)
    /// The node renews its lease again, after this time.
    case responsive(silence: Duration)
    /// The node is a new life of a supervised child, with this number.
    case restarted(incarnation: Int)
    /// A child of the node's supervisor has ended and has its next life after a time.
    case restarting(child: String, incarnation: Int, after: Duration, reason: String)
    /// A child of the node's supervisor does not start, because what it waits for cannot come.
    case skipped(child: String)
    /// The node's supervisor made too many restarts and ends.
    case gaveUp(reason: String)
    /// The program reported progress.
    case reported(ProgressReport)
    /// The node was asked to stop.
    case stopping(StopRequest)
    /// The node has ended and has been reaped.
    case exited(ExitReport)
    /// This node found and killed a process that a dead node had left behind.
    case leftBehind(pid: Int32, command: String)
    /// The node's fork server has ended; the node starts further children by `spawn`.
    case forkServerLost
    /// The node cannot start children by the configured method, and uses this one instead.
    case startMethodChanged(StartMethod, reason: String)
    /// A peer connected to the node's endpoint without proof of being its child.
    case connectionRefused(reason: String)
    /// A message from or to the node could not be decoded.
    case messageRejected(reason: String)
    /// One of the node's senders has finished; the counts show the fate of its items.
    case channelFinished(ChannelCounts)
    /// The channels of these nodes wait in a cycle: each node waits for credit from the next, and
    /// the last from the first.
    case channelsInCycle(nodes: [String])
    /// An exit hook of the node failed, took too long or did not run, and why.
    case hookFailed(hook: String, reason: String)
    /// The node's parent ended before it could report how this node ended.
    case lost
    /// The node did not start, or did not end, in its time, which was this long; its parent goes on
    /// to the next step.
    case deadlinePassed(Deadline, after: Duration, reason: String)
    /// A host that this node keeps the connection to is up.
    case hostUp(host: String)
    /// A host is over, and what ran there with it, and why.
    case hostOver(HostLoss)
    /// The connection to a host has been lost, or nothing has come over it for the time that is
    /// given. What runs there goes on, as long as the host's lease lasts; another connection is
    /// being made.
    case hostCut(host: String, silence: Duration)
    /// A host goes on after a cut of this time: nothing has been lost.
    case hostResumed(host: String, after: Duration)
    /// A host ends within this time, because it was asked to over there, or once nothing runs there
    /// any more.
    case hostDraining(host: String, within: Duration)
  }

  /// A deadline that the parent of a node sets.
  public enum Deadline: String, Hashable, Sendable, Codable, CaseIterable {
    /// The node has to begin its program; then it is killed.
    case start
    /// The node has to finish its work; then it is asked to stop.
    case drain
    /// The node was asked to stop; then it is sent SIGTERM.
    case ask
    /// The node was sent SIGTERM; then it is sent SIGKILL.
    case terminate
    /// The node has sent its goodbye, and its process has to end; then it is killed.
    case leave
  }

  /// The event's number among those of its node, from 1 on.
  public var sequence: UInt64
  /// The time in nanoseconds since 1970, by the clock of the node that noticed the event.
  public var time: Int64
  /// The name of the event's node.
  public var node: String
  /// The node's place in the tree, written like a default name; unique in a run.
  public var path: String
  /// The node's process id; `nil` if it has no process.
  public var pid: Int32?
  /// The parent's process id; `nil` for the root.
  public var parentPID: Int32?
  /// The number of the node's life, from 1 on; always 1 for a node that no supervisor keeps.
  public var incarnation: Int
  /// The name of the host that the node runs on; `nil` for that of the run's root.
  public var host: String?
  /// The kind of the event.
  public var kind: Kind

  /// Makes an event, for tests of code that takes one.
  public init(
    sequence: UInt64 = 1, time: Int64 = 0, node: String, path: String, pid: Int32? = nil,
    parentPID: Int32? = nil, incarnation: Int = 1, host: String? = nil, kind: Kind
  ) {
    self.sequence = sequence
    self.time = time
    self.node = node
    self.path = path
    self.pid = pid
    self.parentPID = parentPID
    self.incarnation = incarnation
    self.host = host
    self.kind = kind
  }
}

/// A program's statement of its progress.
public struct ProgressReport: Hashable, Sendable, Codable {
  /// The progress in words.
  public var message: String
  /// How much is done, in units of the program's choice.
  public var completed: Int?
  /// How much there is to do, in the same units, if known.
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
