/// The reason for which a host cannot be used.
public struct HostError: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The kind of an error.
  public struct Code: Hashable, Sendable, Codable, CustomStringConvertible {
    private enum Kind: String, Codable {
      case invalidHost, engineMissing, notReached, nameNotFound, unreachable
      case hostKeyUnknown, authenticationFailed, programMissing, copyFailed, libraryMissing
      case otherMachine, directoryUnusable, allocationRefused, allocationEnded, otherBuild
      case loginShellSlow, notInTime, over
    }

    private let kind: Kind

    /// The values that describe the host are not usable, or two hosts have one name.
    public static let invalidHost = Self(kind: .invalidHost)
    /// The engine's command could not be started.
    public static let engineMissing = Self(kind: .engineMissing)
    /// The engine's command ended before the program on the host began.
    public static let notReached = Self(kind: .notReached)
    /// `ssh` does not know the name.
    public static let nameNotFound = Self(kind: .nameNotFound)
    /// `ssh` gets no connection: the machine is down, or nothing listens there.
    public static let unreachable = Self(kind: .unreachable)
    /// `ssh` does not know the host's key, or knows another one.
    public static let hostKeyUnknown = Self(kind: .hostKeyUnknown)
    /// `ssh` is not let in: the user or the key is not known there.
    public static let authenticationFailed = Self(kind: .authenticationFailed)
    /// The program is not at its path over there, or must not be executed.
    public static let programMissing = Self(kind: .programMissing)
    /// The program could not be copied there.
    public static let copyFailed = Self(kind: .copyFailed)
    /// The program over there lacks a shared library.
    public static let libraryMissing = Self(kind: .libraryMissing)
    /// The file of the program over there is none for its machine.
    public static let otherMachine = Self(kind: .otherMachine)
    /// The host has no directory in which the run's can be made.
    public static let directoryUnusable = Self(kind: .directoryUnusable)
    /// Slurm does not give nodes.
    public static let allocationRefused = Self(kind: .allocationRefused)
    /// The allocation of Slurm is over.
    public static let allocationEnded = Self(kind: .allocationEnded)
    /// The program on the host is another build.
    public static let otherBuild = Self(kind: .otherBuild)
    /// `ssh` has got in, but the login shell over there did not begin the program in time.
    public static let loginShellSlow = Self(kind: .loginShellSlow)
    /// The host was not up in its time.
    public static let notInTime = Self(kind: .notInTime)
    /// The host is over: it was closed, or lost.
    public static let over = Self(kind: .over)

    /// The code's name.
    public var description: String { kind.rawValue }
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
