internal import ProcessTreeBase

/// How long the far half of a host may go on without the near half.
///
/// It asks from time to time. An answer extends the lease from the moment at which its question was
/// *sent*: an answer that sat in a buffer while the connection was cut answers an old question, and
/// lends nothing. A value without a clock; times are what a clock shows that never stands still.
package struct HostLease: Equatable, Sendable {
  /// How long the far half of a run that has been stopped by Ctrl-Z may wait for it to go on.
  package static let longestSuspension: Duration = .seconds(600)

  private let duration: Duration
  /// When it is over.
  package private(set) var until: Duration
  private var last: UInt64 = 0
  /// The number of the last question that was answered.
  package private(set) var answered: UInt64 = 0
  /// When the questions were sent that have not been answered, and that could extend the lease.
  private var sent: [UInt64: Duration] = [:]

  /// Begins a lease; another process has sent its length.
  package init(_ duration: Duration, at now: Duration) {
    self.duration = duration.clamped
    until = now + self.duration
  }

  /// The time from one question to the next.
  package var pause: Duration { duration / 10 }

  /// The number of the next question, which is sent now.
  package mutating func ask(at now: Duration) -> UInt64 {
    last += 1
    sent = sent.filter { $0.value + duration > until }
    sent[last] = now
    return last
  }

  /// An answer has come.
  ///
  /// - Parameter isSuspension: Whether it lends the time for which a run may be stopped.
  /// - Returns: Whether it lends any time.
  @discardableResult
  package mutating func granted(_ number: UInt64, isSuspension: Bool = false) -> Bool {
    if number <= last { answered = max(answered, number) }
    guard let time = sent.removeValue(forKey: number) else { return false }
    until = max(until, time + (isSuspension ? Self.longestSuspension : duration))
    return true
  }

  /// The run goes on, and so does the usual lease.
  package mutating func resume(at now: Duration) { until = min(until, now + duration) }

  /// The near half has to report soon that it lives: the connection has ended, and the way to here
  /// works; or the engine has announced the end, which Slurm does when the near half has gone, and
  /// leaves the connection open.
  package mutating func demandWord(at now: Duration) {
    until = min(until, now + max(.seconds(5), duration / 2))
  }

  /// Whether all that runs there has to end.
  package func isOver(at now: Duration) -> Bool { now >= until }
}

/// What the near half of a host has granted, and so when the far half has ended for certain.
///
/// Each question moves the limit, whether its answer arrives or not. The limit is later than the
/// end of the lease, as long as the two clocks run at rates within 4 % and killing takes less than
/// two seconds once it has begun.
package struct HostGrant: Equatable, Sendable {
  /// What killing everything may take: two seconds, and one for which the helper waits before it
  /// kills in the place of a far half that is stopped.
  private static let killingTime: Duration = .seconds(3)

  private let duration: Duration
  private var heard: Duration
  /// When everything there has been ended, by this side's clock.
  package private(set) var limit: Duration

  /// The far half has begun its lease, not later than now.
  package init(lease: Duration, at now: Duration) {
    duration = lease.clamped
    heard = now
    limit = Self.limit(duration, at: now)
  }

  private static func limit(_ lease: Duration, at now: Duration) -> Duration {
    now + lease * 105 / 100 + killingTime
  }

  /// A question has come, which is answered.
  package mutating func asked(at now: Duration) {
    heard = max(heard, now)
    limit = max(limit, Self.limit(duration, at: now))
  }

  /// A question has come, whose answer allows the run to stop for a while.
  package mutating func suspended(at now: Duration) {
    heard = max(heard, now)
    limit = max(limit, Self.limit(max(duration, HostLease.longestSuspension), at: now))
  }

  /// The far half has reported that it goes on, with its usual lease.
  package mutating func resumed(at now: Duration) {
    heard = max(heard, now)
    limit = Self.limit(duration, at: now)
  }

  /// How long nothing has been heard.
  package func silence(at now: Duration) -> Duration { now - heard }

  package func isOver(at now: Duration) -> Bool { now >= limit }
}
