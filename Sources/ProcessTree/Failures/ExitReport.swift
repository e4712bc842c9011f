public import ProcessTreeProcessControl
public import ProcessTreeSupervision

/// All that is known about the end of a node.
public struct ExitReport: Hashable, Sendable, Codable {
  /// The node's name.
  public var node: String
  /// The process's id; nil when there never was a process.
  public var pid: Int32?
  /// How the process ended; nil when there never was one.
  public var status: ExitStatus?
  /// Why.
  public var cause: ExitCause
  /// Who asked the node to stop, if somebody did.
  public var stopRequest: StopRequest?
  /// What the process used, from its start to its end.
  public var usage: ResourceUsage?
  /// How long the node lived, from the start to the reaping.
  public var lifetime: Duration
  /// The last lines, at most 20, that the process wrote to standard error.
  public var lastErrorLines: [String]
  /// What the Swift runtime wrote about a crash, from its first line on, at most 100 lines.
  public var crashAccount: [String]

  /// Makes a report, for tests of code that takes one.
  public init(
    node: String, pid: Int32? = nil, status: ExitStatus? = nil, cause: ExitCause,
    stopRequest: StopRequest? = nil, usage: ResourceUsage? = nil, lifetime: Duration = .zero,
    lastErrorLines: [String] = [], crashAccount: [String] = []
  ) {
    self.node = node
    self.pid = pid
    self.status = status
    self.cause = cause
    self.stopRequest = stopRequest
    self.usage = usage
    self.lifetime = lifetime
    self.lastErrorLines = lastErrorLines
    self.crashAccount = crashAccount
  }

  /// Python's exit code: N after an exit, -N after signal N; nil when there never was a process.
  public var exitCode: Int32? { status?.exitCode }
}

extension ExitReport: CustomStringConvertible {
  /// The node, its process and the cause in a line.
  public var description: String {
    let process = pid.map { " (pid \($0))" } ?? ""
    return "\(node)\(process) \(cause)"
  }
}
