internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeWire

/// A node's renewals of its lease at its parent: from a timer, because a loop that does not turn
/// fires none.
///
/// Belongs to the loop.
final class LeaseRenewal {
  private let period: Duration
  private let timers: TimerQueue
  private let send: (ControlMessage) -> Void
  private var timer: TimerQueue.ID?
  private var last: SuspendingClock.Instant
  /// How many calls work without liveness at present.
  private var suspensions = 0

  init(every period: Duration, on timers: TimerQueue, send: @escaping (ControlMessage) -> Void) {
    self.period = period
    self.timers = timers
    self.send = send
    last = timers.now
    arm()
  }

  private func arm() {
    timer = timers.schedule(after: period) { [weak self] in
      self?.renew()
      self?.arm()
    }
  }

  /// Renews the lease, unless it is suspended or was renewed a moment ago.
  func renew() {
    guard suspensions == 0, last.duration(to: timers.now) >= period / 2 else { return }
    renewNow()
  }

  /// Renews the lease of a process that was stopped for an unknown time.
  func renewNow() {
    guard suspensions == 0 else { return }
    last = timers.now
    send(.renewal(isSuspended: false))
  }

  /// From now on the node need not renew its lease.
  func suspend() {
    suspensions += 1
    if suspensions == 1 { send(.renewal(isSuspended: true)) }
  }

  func resume() {
    suspensions -= 1
    renewNow()
  }

  /// Renews no more.
  func end() {
    if let timer { timers.cancel(timer) }
    timer = nil
  }

  deinit { end() }
}
