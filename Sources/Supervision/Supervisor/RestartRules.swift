/// When a supervisor starts a child again that has ended by itself.
///
/// An end that somebody asked for is never followed by a restart.
public enum RestartType: String, Hashable, Sendable, Codable, CaseIterable {
  /// After every end.
  case permanent
  /// After a failure: any end but a result or exit code 0.
  case transient
  /// Never.
  case temporary
}

/// Which children a supervisor replaces when one of them has to be started again.
public enum SupervisionStrategy: String, Hashable, Sendable, Codable, CaseIterable {
  /// The child that ended.
  case oneForOne
  /// All children: the others are stopped first.
  case oneForAll
  /// The child that ended and those that come after it in the order of start; each of them also
  /// starts after the one before it, and is stopped before that.
  case restForOne
}

/// How many restarts within a time a supervisor makes before it gives up.
public struct RestartIntensity: Hashable, Sendable, Codable {
  /// The most restarts within the time; with zero the first failure is the end of the supervisor.
  public var restarts: Int
  /// The time.
  public var period: Duration

  /// Makes an intensity; negative values count as zero.
  public init(restarts: Int = 5, within period: Duration = .seconds(30)) {
    self.restarts = max(restarts, 0)
    self.period = max(period, .zero)
  }

  /// Five restarts within thirty seconds.
  public static let `default` = Self()
}

/// Whether a supervisor ends with its significant children.
public enum AutomaticShutdown: String, Hashable, Sendable, Codable, CaseIterable {
  /// It does not.
  case never
  /// When any significant child has ended by itself for good.
  case anySignificant
  /// When a significant child has ended by itself for good and no other one is left.
  case allSignificant
}

/// A condition of a sibling that has to hold before a child starts.
public enum DependencyCondition: String, Hashable, Sendable, Codable, CaseIterable {
  /// It runs its program, or has ended after doing so.
  case started
  /// It is up, or has succeeded.
  case up
  /// It has ended with success.
  case succeeded
  /// It has ended, in whatever way.
  case ended
}
