internal import Glibc

/// Waiting, on the thread, for what no event announces.
package enum Unannounced {
  private static let yields = 10
  private static let pause: UInt32 = 100

  /// Looks until something holds; false if the time is over first.
  ///
  /// It is for what usually takes microseconds: the first ten looks leave the processor to others,
  /// those after them have 0.1 ms between them. On a busy machine a thread that only yields is
  /// switched to and fro for as long as others have work.
  @discardableResult
  package static func wait(within limit: Duration, until holds: () -> Bool) -> Bool {
    let end = ContinuousClock.now + limit
    var looks = 0
    while !holds() {
      guard ContinuousClock.now < end else { return false }
      if looks < yields { sched_yield() } else { usleep(pause) }
      looks += 1
    }
    return true
  }
}
