/// How a process is stopped: drained, asked, then SIGTERM, then SIGKILL, each when the time of the
/// step before is up.
///
/// A value without effects or a clock. Children and commands climb the same ladder; a command,
/// which can neither drain nor be asked, begins with SIGTERM.
package struct StopLadder: Equatable, Sendable {
  /// The steps, each stronger than the one before.
  package enum Step: Int, Comparable, Sendable {
    case drain = 0
    case ask = 1
    case terminate = 2
    case kill = 3

    /// The step after this one's time is up.
    package var next: Step { Step(rawValue: rawValue + 1) ?? .kill }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }

  package enum Action: Equatable, Sendable {
    /// Have the process finish the work that it has within this time, and take no other.
    case drain(within: Duration)
    /// Ask the process to stop within this time.
    case ask(within: Duration)
    /// SIGTERM, and SIGCONT so that a stopped process can act on it.
    case terminate
    case kill
    /// Stop from the next step after this time; the earliest of several times for one step
    /// counts.
    case arm(Step, after: Duration)
    /// Do not call it any more.
    case disarm
  }

  /// How far stopping has gone.
  package private(set) var step: Step?
  /// The time of each step; a step without time is skipped.
  private var policy: StopPolicy
  /// The time to drain that somebody asked for, in place of the policy's.
  private var requestedDrain: Duration?

  package init(_ policy: StopPolicy) { self.policy = policy }

  /// The request that is due to a process that can be asked from now on; `nil` if there is none.
  package var word: Action? {
    switch step {
    case .drain where drain > .zero: .drain(within: drain)
    case .ask where policy.ask > .zero: .ask(within: policy.timeToStop)
    default: nil
    }
  }

  /// How long a process may take after SIGTERM.
  package var timeToTerminate: Duration { policy.terminate }

  private var drain: Duration { requestedDrain ?? policy.drain }

  /// Goes on to a step, unless stopping has come as far already.
  ///
  /// A stop ends a drain that somebody asked for, if the policy has less time.
  package mutating func stop(from step: Step) -> [Action] {
    if step == .drain, self.step == .drain, let requested = requestedDrain {
      requestedDrain = nil
      return requested > policy.drain ? cutShort() : []
    }
    guard self.step.map({ $0 < step }) ?? true else { return [] }
    return climb(to: step)
  }

  /// The same, in the time that another policy leaves; a step that is under way is cut short.
  package mutating func stop(from step: Step, within policy: StopPolicy?) -> [Action] {
    let isShorter = policy.map { limit(to: $0) } ?? false
    let actions = stop(from: step)
    return actions.isEmpty && isShorter ? cutShort() : actions
  }

  /// Begins with a drain of this time, unless stopping has come further.
  package mutating func drain(within time: Duration) -> [Action] {
    guard step == nil else { return [] }
    requestedDrain = max(.zero, time)
    return climb(to: .drain)
  }

  /// Shortens the steps; false if they were as short.
  package mutating func limit(to other: StopPolicy) -> Bool {
    let shorter = policy.limited(to: other)
    defer { policy = shorter }
    return shorter != policy
  }

  /// Gives the step that is under way its shorter time, of which a process that was asked learns.
  package mutating func cutShort() -> [Action] {
    guard let step, step < .kill else { return [] }
    return climb(to: step).filter { $0 != .terminate || self.step != step }
  }

  /// Carries out the present step again, on a process that did not exist before.
  package mutating func repeatStep() -> [Action] { step.map { climb(to: $0) } ?? [] }

  private mutating func climb(to step: Step) -> [Action] {
    self.step = step
    switch step {
    case .drain:
      guard drain > .zero else { return climb(to: .ask) }
      return [.drain(within: drain), .arm(.drain, after: drain)]
    case .ask:
      guard policy.ask > .zero else { return climb(to: .terminate) }
      return [.ask(within: policy.timeToStop), .arm(.ask, after: policy.ask)]
    case .terminate:
      guard policy.terminate > .zero else { return climb(to: .kill) }
      return [.terminate, .arm(.terminate, after: policy.terminate)]
    case .kill:
      return [.disarm, .kill]
    }
  }
}
