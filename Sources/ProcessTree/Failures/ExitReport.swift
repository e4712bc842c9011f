public import ProcessTreeProcessControl
public import ProcessTreeSupervision

/// All facts about the end of a node.
public struct ExitReport: Hashable, Sendable, Codable {
  /// The node's name.
  public var node: String
  /// The process id; `nil` if there never was a process.
  public var pid: Int32?
  /// The name of the host that it ran on; `nil` for that of the run's root.
  public var host: String?
  /// The number of the life that ended, from 1 on; always 1 for a node that no supervisor keeps.
  public var incarnation: Int
  /// The exit status of the process; `nil` if there never was a process.
  public var status: ExitStatus?
  /// The cause of the end.
  public var cause: ExitCause
  /// The request that the node stop, if there was one.
  public var stopRequest: StopRequest?
  /// The resources that the process used.
  public var usage: ResourceUsage?
  /// The time from the node's start until it was reaped.
  public var lifetime: Duration
  /// The last lines, at most 20, that the process wrote to standard error.
  public var lastErrorLines: [String]
  /// The Swift runtime's report of a crash, at most its first 100 lines.
  public var crashAccount: [String]

  /// Makes a report, for tests of code that takes one.
  public init(
    node: String, pid: Int32? = nil, status: ExitStatus? = nil, cause: ExitCause,
    stopRequest: StopRequest? = nil, usage: ResourceUsage? = nil, lifetime: Duration = .zero,
    lastErrorLines: [String] = [], crashAccount: [String] = [], incarnation: Int = 1,
    host: String? = nil
  ) {
    self.node = node
    self.pid = pid
    self.host = host
    self.incarnation = incarnation
    self.status = status
    self.cause = cause
    self.stopRequest = stopRequest
    self.usage = usage
    self.lifetime = lifetime
    self.lastErrorLines = lastErrorLines
    self.crashAccount = crashAccount
  }

  /// Python's exit code: N after an exit, -N after signal N; `nil` if there never was a process.
  public var exitCode: Int32? { status?.exitCode }
}

extension ExitReport: CustomStringConvertible {
  /// The node, its process id and host and the cause in one line; of a later life also its number.
  public var description: String {
    let life = incarnation > 1 ? ", life \(incarnation)" : ""
    let place = host.map { " on \($0)" } ?? ""
    let process = pid.map { " (pid \($0)\(place)\(life))" } ?? ""
    return "\(node)\(process) \(cause)"
  }
}
