internal import ProcessTreeBase

/// Whether a command is up, as a check finds it: inputs are events, outputs are actions.
///
/// A value without effects or a clock. Probes do not overlap: the next one is armed when the last
/// one has its result. Before the command is up they come quickly at first, then once a period. The
/// same value decides whether a command that is up is alive: such a check begins up and has no time
/// to be down.
package struct ReadinessLife: Equatable, Sendable {
  /// The times of a check.
  package struct Plan: Equatable, Sendable {
    /// The time between two probes.
    package var period: Duration
    /// How long the command may take until it is up for the first time.
    package var deadline: Duration
    /// So many failures in a row and the command is down.
    package var failures: Int
    /// So many probes in a row have to hold before the command is up, or is so again.
    package var successes: Int
    /// How long it may be down; nil for any time.
    package var limit: Duration?
    /// The time before the first probe.
    package var delay: Duration
    /// Whether the command is up when the check begins.
    package var beginsUp: Bool
    /// Whether somebody has to look; false where the command reports it.
    package var isProbed: Bool

    package init(
      period: Duration, deadline: Duration, failures: Int, limit: Duration?, isProbed: Bool,
      successes: Int = 1, delay: Duration = .zero, beginsUp: Bool = false
    ) {
      self.period = max(period, Self.shortest)
      self.deadline = max(deadline, .zero)
      self.failures = max(failures, 1)
      self.successes = isProbed ? max(successes, 1) : 1
      self.limit = limit.map { max($0, .zero) }
      self.delay = max(delay, .zero)
      self.beginsUp = beginsUp
      self.isProbed = isProbed
    }

    /// A probe that fails at once must not become a loop without a pause.
    fileprivate static let shortest: Duration = .milliseconds(10)
  }

  package enum Input: Equatable, Sendable {
    case begin
    /// A probe found, or the command reported, that it is up.
    case held
    /// A probe found that it is not up, and why.
    case failed(String)
    /// The command reported that it is not up any more.
    case ended(String)
    case probeDue
    case deadlinePassed
    /// Nobody cares any more.
    case end
  }

  package enum Action: Equatable, Sendable {
    case probe
    /// Send `probeDue` after this time.
    case armProbe(after: Duration)
    /// Send `deadlinePassed` after this time; replaces an earlier one.
    case armDeadline(after: Duration)
    case disarmDeadline
    case announceUp
    case announceDown
    /// The command is to be ended, because it has not been up in time: it has not started.
    case failStart(String)
    /// The command is to be ended, because of this.
    case fail(String)
  }

  private enum Phase: Equatable, Sendable {
    case declared, starting, up, down, over
  }

  private let plan: Plan
  private var phase = Phase.declared
  /// Failed probes in a row.
  private var failures = 0
  /// Probes in a row that have held.
  private var successes = 0
  private var reason = "nothing has been seen of it"

  package init(_ plan: Plan) { self.plan = plan }

  package var isUp: Bool { phase == .up }

  /// Handles an event.
  ///
  /// An event that does not fit changes nothing.
  ///
  /// - Returns: The actions to perform, in order.
  package mutating func handle(_ input: Input) -> [Action] {
    switch input {
    case .begin:
      guard phase == .declared else { return [] }
      phase = plan.beginsUp ? .up : .starting
      return (plan.beginsUp ? [] : [.armDeadline(after: plan.deadline)]) + first
    case .end:
      phase = .over
      return [.disarmDeadline]
    default:
      guard phase != .declared, phase != .over else { return [] }
      return handleLive(input)
    }
  }

  private mutating func handleLive(_ input: Input) -> [Action] {
    switch input {
    case .held:
      successes = min(successes, plan.successes) + 1
      // One that is up has no failures in a row; only the way up takes several successes.
      if phase == .up { failures = 0 }
      guard successes >= plan.successes else { return next }
      failures = 0
      let wasUp = phase == .up
      phase = .up
      return (wasUp ? [] : [.disarmDeadline, .announceUp]) + next
    case .failed(let reason):
      self.reason = reason
      successes = 0
      failures += 1
      guard phase == .up, failures >= plan.failures else { return next }
      let actions = goDown()
      return phase == .over ? actions : actions + next
    case .ended(let reason):
      self.reason = reason
      return phase == .up ? goDown() : []
    case .probeDue: return [.probe]
    case .deadlinePassed: return deadlinePassed()
    case .begin, .end: return []
    }
  }

  private mutating func goDown() -> [Action] {
    if plan.limit == .zero {
      phase = .over
      let times = failures > 1 ? "it failed \(failures) times in a row: " : ""
      return [.fail(times + reason)]
    }
    phase = .down
    return [.announceDown] + (plan.limit.map { [.armDeadline(after: $0)] } ?? [])
  }

  private mutating func deadlinePassed() -> [Action] {
    let action: Action
    switch phase {
    case .starting: action = .failStart("it was not up within \(plan.deadline.inShort): \(reason)")
    case .down: action = .fail("it was down for \((plan.limit ?? .zero).inShort): \(reason)")
    case .declared, .up, .over: return []
    }
    phase = .over
    return [action]
  }

  private var first: [Action] {
    guard plan.isProbed else { return [] }
    return plan.delay > .zero ? [.armProbe(after: plan.delay)] : [.probe]
  }

  /// The next probe, after every result.
  private var next: [Action] {
    guard plan.isProbed else { return [] }
    guard phase == .starting else { return [.armProbe(after: plan.period)] }
    let quick = Self.firstWait * (1 << min(failures, 16))
    return [.armProbe(after: min(plan.period, quick))]
  }

  /// Most commands are up soon, and many others wait for them.
  private static let firstWait: Duration = .milliseconds(20)
}
