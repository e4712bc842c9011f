extension Duration {
  /// The duration in ZeroMQ's unit, rounded up so that a short wait does not become none.
  var wholeMilliseconds: Int {
    let (seconds, attoseconds) = components
    let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1000)
    // What does not fit is refused where the option is set.
    guard !isTooLong else { return seconds < 0 ? .min : .max }
    let perMillisecond: Int64 = 1_000_000_000_000_000
    let part = attoseconds / perMillisecond
    let rest: Int64 = attoseconds % perMillisecond > 0 ? 1 : 0
    return Int(whole &+ part &+ rest)
  }
}
