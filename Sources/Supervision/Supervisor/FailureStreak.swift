internal import ProcessTreeBase

/// Failures in a row, and what follows from the next one: another life after a wait, or none.
///
/// Supervisors, the stages of pipelines and pools decide by it whether and when somebody starts
/// again.
package struct FailureStreak: Equatable, Sendable {
  private var count = 0
  private var began = Duration.zero

  package init() {}

  /// Notes a failure.
  ///
  /// - Parameters:
  ///   - backoff: The waits; none if nil.
  ///   - most: How many failures in a row are followed by another life; all if nil.
  ///   - chance: From 0 to 1, for the jitter.
  /// - Returns: How long to wait before the next life; nil if there is to be none.
  package mutating func fail(
    at now: Duration, _ backoff: RestartBackoff?, most: Int? = nil, chance: Double
  ) -> Duration? {
    if count == 0 { began = now }
    count += 1
    guard count <= most ?? .max else { return nil }
    return backoff?.delay(after: count - 1, chance: chance) ?? .zero
  }

  /// Takes back a failure for which somebody else turned out to be to blame.
  package mutating func excuse() { count = max(0, count - 1) }

  /// How many failures there were, in what time; empty for a single one.
  package func inWords(at now: Duration) -> String { Self.words(count, in: now - began) }

  static func words(_ count: Int, in time: Duration) -> String {
    count > 1 ? " \(count) times in \(time.inShort)" : ""
  }
}
