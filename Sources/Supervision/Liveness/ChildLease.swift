internal import ProcessTreeBase

/// The lease of one child as its parent keeps it: inputs are events with their time, outputs are
/// actions.
///
/// A value without effects or a clock. It counts only time in which the parent ran: the parent
/// looks at least once a period, and what a look comes late by does not count. So a run that was
/// stopped as a whole, on a machine that gave it no time, does not take its children for hung when
/// it goes on.
package struct ChildLease: Equatable, Sendable {
  package enum Input: Equatable, Sendable {
    /// The child runs its program.
    case begin
    /// The child's loop has turned; a suspended lease lasts until the next renewal.
    case renewed(isSuspended: Bool)
    /// The time that was armed is over.
    case timePassed
    /// All renewals that had come have been taken, and this is how the process is. Whether it may
    /// be waiting for its output to be read.
    case found(ProcessState, mayWaitForOutput: Bool)
    /// The lease is over: the child is being stopped, or has ended.
    case end
  }

  package enum Action: Equatable, Sendable {
    /// Send `timePassed` after this time; replaces an earlier one.
    case arm(after: Duration)
    case disarm
    /// Take all renewals that have come, look at the process, and send `found`.
    case inspect
    case reportUnresponsive(silence: Duration, ProcessState)
    case reportResponsive(silence: Duration)
    case kill(silence: Duration)
  }

  private enum Phase: Equatable, Sendable {
    case declared, running, suspended, over
  }

  private let liveness: Liveness
  private var phase = Phase.declared
  /// How long the child has been silent.
  private var silence = Duration.zero
  /// When the silence was last counted.
  private var lastLook = Duration.zero
  /// When the next look is due.
  private var due = Duration.zero
  /// The silence up to which nothing counts against the child.
  private var excused = Duration.zero
  private var wasTraced = false
  private var isLate = false

  package init(_ liveness: Liveness) {
    // Made anew: a value that was decoded may have anything in it.
    self.liveness = Liveness(lease: liveness.lease, limit: liveness.limit)
  }

  /// Handles an event.
  ///
  /// An event that does not fit changes nothing.
  ///
  /// - Parameter now: The time since some fixed moment; it never goes back.
  /// - Returns: The actions to perform, in order.
  package mutating func handle(_ input: Input, at now: Duration) -> [Action] {
    switch input {
    case .begin:
      guard phase == .declared, !liveness.isOff else { return [] }
      return beginAnew(at: now)
    case .renewed(let isSuspended):
      guard phase == .running || phase == .suspended else { return [] }
      return renewed(isSuspended, at: now)
    case .timePassed:
      guard phase == .running else { return [] }
      count(until: now)
      return isAtMark ? [.inspect] : armNext()
    case .found(let state, let mayWaitForOutput):
      guard phase == .running else { return [] }
      count(until: now)
      return isAtMark ? found(state, mayWaitForOutput) : armNext()
    case .end:
      defer { phase = .over }
      return phase == .running ? [.disarm] : []
    }
  }

  private mutating func beginAnew(at now: Duration) -> [Action] {
    phase = .running
    (silence, excused, lastLook) = (.zero, .zero, now)
    (isLate, wasTraced) = (false, false)
    return armNext()
  }

  private mutating func renewed(_ isSuspended: Bool, at now: Duration) -> [Action] {
    count(until: now)
    let report = isLate ? [Action.reportResponsive(silence: silence)] : []
    guard !isSuspended else {
      (phase, isLate) = (.suspended, false)
      return report + [.disarm]
    }
    // The look that is armed finds a silence that has just begun, so it need not be armed again.
    guard phase == .running, !isLate else { return report + beginAnew(at: now) }
    (silence, lastLook) = (.zero, now)
    return report
  }

  /// Adds the time since the last look, but not what the parent slept beyond the time when it was
  /// due to look.
  private mutating func count(until now: Duration) {
    // Nothing follows, so no look is due.
    let isUnlimited = mark == nil
    let expected = max(.zero, due - lastLook) + liveness.period / 4
    silence += isUnlimited ? now - lastLook : min(now - lastLook, expected)
    lastLook = now
  }

  /// The silence at which something follows; nil if nothing does.
  private var mark: Duration? { isLate ? liveness.limit.map { $0 + excused } : liveness.lease }

  private var isAtMark: Bool { mark.map { silence >= $0 } ?? false }

  private mutating func armNext() -> [Action] {
    guard let mark else { return [] }
    let wait = max(.zero, min(liveness.period, mark - silence))
    due = lastLook + wait
    return [.arm(after: wait)]
  }

  private mutating func found(_ state: ProcessState, _ mayWaitForOutput: Bool) -> [Action] {
    if mayWaitForOutput, state == .running {
      // Whatever keeps it may be the doing of those who do not read.
      (silence, excused) = (.zero, .zero)
      return armNext()
    }
    let isTraced = state.isTraced
    defer { wasTraced = isTraced }
    // The limit begins anew for a process that is traced, or was when it was last looked at.
    if isTraced || wasTraced { excused = silence }
    guard isLate else {
      isLate = true
      return [.reportUnresponsive(silence: silence, state)] + armNext()
    }
    guard isTraced || wasTraced else {
      phase = .over
      return [.kill(silence: silence)]
    }
    return armNext()
  }
}

extension ProcessState {
  fileprivate var isTraced: Bool { if case .traced = self { true } else { false } }
}
