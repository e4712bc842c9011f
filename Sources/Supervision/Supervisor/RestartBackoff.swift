internal import ProcessTreeBase

/// How long a supervisor waits before it starts a child again, longer after each failure in a row.
public struct RestartBackoff: Hashable, Sendable, Codable {
  /// The wait after the first failure.
  public var first: Duration
  /// By how much each wait is longer than the one before.
  public var factor: Double
  /// The longest wait.
  public var most: Duration
  /// The part of a wait, between 0 and 1, by which chance makes it shorter or longer.
  public var jitter: Double
  /// How long a child has to run for its next failure to count as the first again.
  public var healthyAfter: Duration

  /// Makes a backoff; values that are out of range count as the nearest that is not.
  public init(
    first: Duration, factor: Double = 2, most: Duration = .seconds(30), jitter: Double = 0.2,
    healthyAfter: Duration = .seconds(10)
  ) {
    self.first = first
    self.factor = factor
    self.most = most
    self.jitter = jitter
    self.healthyAfter = healthyAfter
  }

  /// The wait after so many failures before this one.
  ///
  /// - Parameter chance: From 0 to 1; a half is a wait without jitter.
  package func delay(after failures: Int, chance: Double) -> Duration {
    let most = (most.clamped / .seconds(1)).within(0, .infinity)
    let factor = factor.within(1, 1_000)
    var wait = (first.clamped / .seconds(1)).within(0, most)
    var left = factor > 1 && wait > 0 ? failures : 0
    while left > 0, wait < most {
      wait *= factor
      left -= 1
    }
    let spread = 1 + jitter.within(0, 1) * (2 * chance - 1)
    return .seconds((min(wait, most) * spread).within(0, most))
  }
}

extension Double {
  /// The nearest number in a range; its lower bound if this is no number.
  fileprivate func within(_ lowest: Double, _ highest: Double) -> Double {
    self > lowest ? (self < highest ? self : highest) : lowest
  }
}
