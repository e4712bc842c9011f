/// How a process is stopped: asked, then SIGTERM, then SIGKILL, each when the time of the step before
/// is up.
///
/// A value without effects or a clock. Children and commands climb the same ladder; a command, which
/// cannot be asked, begins with SIGTERM.
package struct StopLadder: Equatable, Sendable {
  /// The steps, each stronger than the one before.
  package enum Step: Int, Comparable, Sendable {
    case ask = 1
    case terminate = 2
    case kill = 3

    /// The step after this one's time is up.
    package var next: Step { self == .ask ? .terminate : .kill }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }

  package enum Action: Equatable, Sendable {
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

  package init(_ policy: StopPolicy) { self.policy = policy }

  /// How long a process may take that is asked now; `nil` if it is not to be asked.
  package var timeToAskFor: Duration? {
    step == .ask && policy.ask > .zero ? policy.total : nil
  }

  /// How long a process may take after SIGTERM.
  package var timeToTerminate: Duration { policy.terminate }

  /// Goes on to a step, unless stopping has come as far already.
  package mutating func stop(from step: Step) -> [Action] {
    guard self.step.map({ $0 < step }) ?? true else { return [] }
    return climb(to: step)
  }

  /// The same, in the time that another policy leaves; a step that is under way is cut short.
  package mutating func stop(from step: Step, within policy: StopPolicy?) -> [Action] {
    let isShorter = policy.map { limit(to: $0) } ?? false
    let actions = stop(from: step)
    return actions.isEmpty && isShorter ? cutShort() : actions
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
    case .ask:
      guard policy.ask > .zero else { return climb(to: .terminate) }
      return [.ask(within: policy.total), .arm(.ask, after: policy.ask)]
    case .terminate:
      guard policy.terminate > .zero else { return climb(to: .kill) }
      return [.terminate, .arm(.terminate, after: policy.terminate)]
    case .kill:
      return [.disarm, .kill]
    }
  }
}
