internal import ProcessTreeBase

/// How long each step of stopping a child may take.
///
/// The parent has the child drain, if there is time for that; then it sends a request, then
/// SIGTERM, then SIGKILL, and always reaps the child. The sum is the one deadline for the child and
/// its subtree: a child stops its own children within that time.
public struct StopPolicy: Hashable, Sendable, Codable, CustomStringConvertible {
  /// The time that a child has to finish the work that it has, before it is asked to stop.
  ///
  /// See `AnyChild.drain(within:reason:)`. A step without time is skipped: by default nobody
  /// drains.
  public var drain: Duration
  /// The time that a child has between the request and SIGTERM.
  public var ask: Duration
  /// The time that a child has between SIGTERM and SIGKILL.
  public var terminate: Duration

  /// Creates a policy; negative durations count as zero.
  public init(
    drain: Duration = .zero, ask: Duration = .seconds(5), terminate: Duration = .seconds(2)
  ) {
    self.drain = max(drain, .zero)
    self.ask = max(ask, .zero)
    self.terminate = max(terminate, .zero)
  }

  /// Five seconds to stop when asked (OTP's default for a worker), two more after SIGTERM.
  public static let `default` = Self()

  /// SIGKILL at once: OTP's brutal kill.
  public static let kill = Self(ask: .zero, terminate: .zero)

  /// As long as it takes, after a request: OTP's infinity.
  public static let infinity = Self(ask: .longest, terminate: .zero)

  /// The one deadline for the subtree, from the first step to SIGKILL.
  public var total: Duration { drain.saturatingAdding(timeToStop) }

  /// The time of the steps that stop the child's program, from the request to SIGKILL.
  package var timeToStop: Duration { ask.saturatingAdding(terminate) }

  /// The steps and the time before each.
  public var description: String {
    let request = drain > .zero ? "drain, request after \(drain)" : "request"
    return "\(request), SIGTERM after \(drain.saturatingAdding(ask)), SIGKILL after \(total)"
  }

  /// The policy of a node with this much time: less for its children, so that the node can report
  /// before its own time is up.
  package static func within(budget: Duration) -> Self {
    // Divided first: four fifths of the longest budget fit, and four times it does not.
    let usable = budget / 5 * 4
    return Self(ask: usable / 4 * 3, terminate: usable / 4)
  }

  /// The shorter of two policies, step by step.
  package func limited(to other: Self) -> Self {
    Self(
      drain: min(drain, other.drain), ask: min(ask, other.ask),
      terminate: min(terminate, other.terminate))
  }
}
