/// Why a host is over, although nobody had closed it.
public struct HostLoss: Hashable, Sendable, Codable {
  /// The host's name.
  public var host: String
  /// What shows that nothing of a host runs any more.
  public enum Evidence: String, Hashable, Sendable, Codable, CaseIterable {
    /// The far half has reported that it ends, and why.
    case goodbye
    /// A new connection has found no far half (no agent), and has killed what it had left.
    case agentGone
    /// A new connection has found the machine started anew.
    case rebooted
    /// Nothing has been heard for so long that the far half has ended everything by itself.
    case leaseOver
    /// The host sent bytes that break the protocol, or its near half has ended; the far half has
    /// been ended since.
    case fenced
  }

  /// What shows it.
  public var evidence: Evidence
  /// A sentence about the event that ended the host.
  public var reason: String

  /// Makes a loss, for tests of code that takes one.
  public init(host: String, evidence: Evidence, reason: String) {
    self.host = host
    self.evidence = evidence
    self.reason = reason
  }
}

extension HostLoss: CustomStringConvertible {
  /// The host and the evidence.
  public var description: String { "\(host): \(reason)" }
}
