/// How long each step of stopping a child may take.
///
/// The child is asked, then sent SIGTERM, then SIGKILL, and it is always reaped. The sum is the one
/// deadline for the child and everything below it: a child stops its own children within what it was
/// given.
public struct StopPolicy: Hashable, Sendable, Codable {
  /// How long a child has after it was asked, before it is sent SIGTERM.
  public var ask: Duration
  /// How long a child has after SIGTERM, before it is sent SIGKILL.
  public var terminate: Duration

  /// Makes a policy; negative durations count as zero.
  public init(ask: Duration = .seconds(5), terminate: Duration = .seconds(2)) {
    self.ask = max(ask, .zero)
    self.terminate = max(terminate, .zero)
  }

  /// Five seconds to stop when asked (OTP's default for a worker), two more after SIGTERM.
  public static let `default` = Self()

  /// SIGKILL at once: OTP's brutal kill.
  public static let kill = Self(ask: .zero, terminate: .zero)

  /// The one deadline for the subtree, from the request to SIGKILL.
  public var total: Duration { ask + terminate }

  /// What a node below has: less than its parent, so that it can report before its own time is up.
  package static func within(budget: Duration) -> Self {
    let usable = budget * 4 / 5
    return Self(ask: usable * 3 / 4, terminate: usable / 4)
  }

  /// The shorter of two policies, step by step.
  package func limited(to other: Self) -> Self {
    Self(ask: min(ask, other.ask), terminate: min(terminate, other.terminate))
  }
}
