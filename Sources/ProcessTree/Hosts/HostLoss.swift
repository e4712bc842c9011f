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
    /// The host sent bytes that break the protocol, or its near half has ended; the far half has been
    /// ended since.
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

/// The reason for which a host cannot be used.
public struct HostError: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The kind of an error.
  public enum Code: String, Hashable, Sendable, Codable, CaseIterable {
    /// The values that describe the host are not usable, or two hosts have one name.
    case invalidHost
    /// The engine's command could not be started.
    case engineMissing
    /// The engine's command ended before the program on the host began.
    case notReached
    /// `ssh` does not know the name.
    case nameNotFound
    /// `ssh` gets no connection: the machine is down, or nothing listens there.
    case unreachable
    /// `ssh` does not know the host's key, or knows another one.
    case hostKeyUnknown
    /// `ssh` is not let in: the user or the key is not known there.
    case authenticationFailed
    /// The program is not at its path over there, or must not be executed.
    case programMissing
    /// The program could not be copied there.
    case copyFailed
    /// The program over there lacks a shared library.
    case libraryMissing
    /// The file of the program over there is none for its machine.
    case otherMachine
    /// The host has no directory in which the run's can be made.
    case directoryUnusable
    /// Slurm does not give nodes.
    case allocationRefused
    /// The allocation of Slurm is over.
    case allocationEnded
    /// The program on the host is another build.
    case otherBuild
    /// `ssh` has got in, but the login shell over there did not begin the program in time.
    case loginShellSlow
    /// The host was not up in its time.
    case notInTime
    /// The host is over: it was closed, or lost.
    case over
  }

  /// The kind.
  public var code: Code
  /// The host's name.
  public var host: String
  /// What happened, and what to do about it.
  public var message: String

  /// Makes an error, for tests of code that takes one.
  public init(_ code: Code, host: String, _ message: String) {
    self.code = code
    self.host = host
    self.message = message
  }

  /// The host and the message.
  public var description: String { "Host \(host): \(message)" }
}
