/// Where a child is in its life.
///
/// A child goes through the phases in this order and may skip some.
public enum ChildPhase: String, Hashable, Sendable, Codable, CaseIterable, Comparable {
  /// Made, not started.
  case declared
  /// Being started: the process may exist, the child has not spoken yet.
  case starting
  /// The child has said that it runs its program.
  case ready
  /// Asked to stop, or ended by itself and saying goodbye.
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
