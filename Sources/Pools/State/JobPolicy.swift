/// How the items of one call are treated.
struct JobPolicy: Sendable {
  /// How often an item is tried whose body throws.
  var attempts = 1
  /// The wait before the second try; doubled with each further one.
  var backoff: Duration = .zero
  var longestBackoff: Duration = .seconds(30)
  /// How long an item may take.
  var deadline: Duration?
  /// How many inputs there are, where that is known.
  var count: Int?
  /// The most inputs that have been taken and whose outcome has not been handed over.
  var inFlight: Int?

  /// The wait before an item's next try.
  ///
  /// - Parameters:
  ///   - attempt: How often it was tried.
  ///   - jitter: From 0 to 1; half of the wait depends on it, so that items that failed together
  ///     are not tried again together.
  func delay(after attempt: Int, jitter: Double) -> Duration {
    guard backoff > .zero else { return .zero }
    var delay = backoff
    for _ in 1..<max(attempt, 1) where delay < longestBackoff { delay = delay * 2 }
    let longest = min(delay, longestBackoff)
    return longest / 2 + longest / 2 * max(0, min(jitter, 1))
  }
}
