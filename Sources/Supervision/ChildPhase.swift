/// The phase of a child's life.
///
/// A child goes through the phases in this order and may skip some.
public enum ChildPhase: String, Hashable, Sendable, Codable, CaseIterable, Comparable {
  /// Created, not started.
  case declared
  /// Starting: the process may exist, the child has sent nothing yet.
  case starting
  /// The child has reported that it runs its program.
  case ready
  /// The parent has requested a stop, or the program has ended and the child is leaving.
  case stopping
  /// Ended and reaped.
  case exited

  /// The order of a life.
  public static func < (left: Self, right: Self) -> Bool { left.order < right.order }

  private var order: Int {
    switch self {
    case .declared: 0
    case .starting: 1
    case .ready: 2
    case .stopping: 3
    case .exited: 4
    }
  }
}
