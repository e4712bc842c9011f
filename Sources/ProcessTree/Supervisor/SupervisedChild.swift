public import ProcessTreeSupervision

/// A supervised child at one moment.
public struct SupervisedChild: Hashable, Sendable, Codable {
  /// The name.
  public var name: String
  /// Where it is in its lives.
  public var phase: SupervisedPhase
  /// The process id of the present life; `nil` if there is no process.
  public var pid: Int32?
  /// The place of the present life in the tree; `nil` if there is none.
  public var path: String?
  /// The number of the present or last life, from 1 on; 0 before the first.
  public var incarnation: Int
  /// How often the supervisor started it again by itself.
  public var restarts: Int
  /// Whether a strategy has stopped it with others, and does not start it again, because it is
  /// temporary.
  public var isDropped: Bool
  /// The time until the next start, while the child is in backoff.
  public var startsIn: Duration?
  /// A sentence about its last end.
  public var lastEnd: String?
  /// The report of its last end, if that was the end of a process.
  public var lastExit: ExitReport?

  /// Makes a child, for tests of code that takes one.
  public init(
    name: String, phase: SupervisedPhase, pid: Int32? = nil, path: String? = nil,
    incarnation: Int = 0, restarts: Int = 0, isDropped: Bool = false, startsIn: Duration? = nil,
    lastEnd: String? = nil, lastExit: ExitReport? = nil
  ) {
    self.name = name
    self.phase = phase
    self.pid = pid
    self.path = path
    self.incarnation = incarnation
    self.restarts = restarts
    self.isDropped = isDropped
    self.startsIn = startsIn
    self.lastEnd = lastEnd
    self.lastExit = lastExit
  }
}

extension SupervisedChild: CustomStringConvertible {
  /// The name, the process id, the phase and the number of restarts.
  public var description: String {
    let process = pid.map { " (pid \($0))" } ?? ""
    return "\(name)\(process) \(phase.rawValue), restarts \(restarts)"
  }
}

/// The failure of a supervisor that made too many restarts and gave up.
///
/// The parent supervisor, if there is one, takes it for what it is: the failure of its child.
public struct SupervisorFailure: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The name of the supervisor's node.
  public let supervisor: String
  /// How it came to that, in one line: `web crashed with SIGSEGV 6 times in 4.1 s; shop gave up`.
  public let chain: String

  /// Makes a failure, for tests of code that handles one.
  public init(supervisor: String, chain: String) {
    self.supervisor = supervisor
    self.chain = chain
  }

  /// The chain.
  public var description: String { chain }
}
