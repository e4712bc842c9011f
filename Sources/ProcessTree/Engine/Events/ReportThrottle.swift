/// Lets a burst of reports pass and thins out what comes faster: the last one always gets through.
///
/// A value: the time comes in, whether to send comes out.
struct ReportThrottle {
  /// Reports that pass in one period.
  static let burst = 100
  /// The period.
  static let period: Duration = .milliseconds(100)

  private var passed = 0
  private var periodEnd: SuspendingClock.Instant?
  private var held: ProgressReport?
  private var coalesced = 0

  /// Takes a report.
  ///
  /// Returns it when it may be sent now; else it is held until the period ends.
  mutating func offer(
    _ report: ProgressReport, at now: SuspendingClock.Instant
  ) -> ProgressReport? {
    if periodEnd.map({ now >= $0 }) ?? true {
      passed = 0
      periodEnd = now + Self.period
    }
    guard passed < Self.burst, held == nil else {
      if held != nil { coalesced += 1 }
      held = report
      return nil
    }
    passed += 1
    return report
  }

  /// The report that waits, with the count of those that it stands for.
  mutating func takeHeld() -> ProgressReport? {
    guard var report = held else { return nil }
    report.coalesced = coalesced
    held = nil
    coalesced = 0
    return report
  }
}
