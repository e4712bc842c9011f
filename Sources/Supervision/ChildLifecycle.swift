/// The life of one child as its parent directs it: inputs are events, outputs are actions.
///
/// A value without effects or a clock; it requests deadlines as actions, and they return as inputs.
package struct ChildLifecycle: Equatable, Sendable {
  package typealias StopStep = StopLadder.Step

  /// The purpose of a deadline.
  ///
  /// A new deadline replaces the one before, but the earliest of several for one step of a stop
  /// counts.
  package enum Deadline: Equatable, Sendable {
    /// The child has to report that it is ready.
    case start
    /// The step has to have ended the child.
    case stop(StopStep)
    /// The child has to be gone after its goodbye.
    case leave

    /// Whether the earliest of several counts.
    package var isOfAStop: Bool { if case .stop = self { true } else { false } }
  }

  /// An event in the life of a child.
  package enum Input: Equatable, Sendable {
    case start
    /// The process exists.
    case processStarted
    /// The fork server has gone without a reply; a process that it may have made has been killed.
    case attemptLost
    /// The process could not be made.
    case couldNotStart
    /// The child has proved itself on the control socket and can receive messages.
    case connected
    case ready
    /// The child has sent goodbye, and the parent has recorded everything that it sent before.
    case goodbye
    /// A caller requests a stop that begins with a drain of this time.
    case drain(within: Duration)
    /// A caller requests a stop that begins with this step.
    case stop(StopStep)
    case deadlinePassed(Deadline)
    /// The process has ended.
    case exited

    /// Whether the event may occur before the start.
    fileprivate var fitsDeclared: Bool {
      switch self {
      case .start, .stop, .drain: true
      default: false
      }
    }
  }

  /// An action that the parent has to perform.
  package enum Action: Equatable, Sendable {
    case launch
    /// The fork server did not reply in time: end it, which loses the attempt.
    case giveUpAttempt
    case arm(Deadline, after: Duration)
    case disarm
    /// Have the child finish the work that it has within this time, and take no other.
    case drain(within: Duration)
    /// Ask the child to stop its subtree within this time.
    case ask(within: Duration)
    /// SIGTERM, and SIGCONT so that a stopped child can act on it.
    case terminate
    case kill
    case acknowledgeGoodbye
    /// The process has ended: reap, drain, report.
    case conclude
  }

  package private(set) var phase: ChildPhase = .declared
  /// How far stopping has gone.
  package var stopStep: StopStep? { ladder.step }
  /// The start took too long.
  package private(set) var startTimedOut = false

  private var ladder: StopLadder
  private let startDeadline: Duration
  package private(set) var hasProcess = false
  package private(set) var isConnected = false
  package private(set) var saidGoodbye = false
  /// The fork server was given up once already.
  private var hasGivenUp = false

  /// - Parameters:
  ///   - policy: How long each step of a stop may take.
  ///   - startDeadline: How long the child has from the start to *ready*.
  package init(policy: StopPolicy, startDeadline: Duration) {
    ladder = StopLadder(policy)
    self.startDeadline = startDeadline
  }

  /// Shortens the steps of a stop to the time that the parent itself has left; the current step
  /// starts again with its shorter time.
  package mutating func limit(to other: StopPolicy) -> [Action] {
    guard ladder.limit(to: other), hasProcess, !saidGoodbye, phase == .stopping else { return [] }
    return perform(ladder.cutShort())
  }

  /// Handles an event.
  ///
  /// An event that does not fit the phase changes nothing.
  ///
  /// - Returns: The actions to perform, in order.
  package mutating func handle(_ input: Input) -> [Action] {
    guard phase != .exited, phase != .declared || input.fitsDeclared else { return [] }
    switch input {
    case .start: return start()
    case .processStarted: return processStarted()
    case .attemptLost: return attemptLost()
    case .couldNotStart: return conclude()
    case .connected: return connected()
    case .ready: return ready()
    case .goodbye: return goodbye()
    case .drain(let time): return stop { $0.drain(within: time) }
    case .stop(let step): return stop(from: step)
    case .deadlinePassed(let deadline): return passed(deadline)
    case .exited: return conclude()
    }
  }

  private mutating func start() -> [Action] {
    guard phase == .declared else { return [] }
    phase = .starting
    return [.arm(.start, after: startDeadline), .launch]
  }

  private mutating func processStarted() -> [Action] {
    hasProcess = true
    // A stop that was requested before the process existed can start now.
    return perform(ladder.repeatStep())
  }

  /// Another attempt has the whole time again; a child that was asked to stop meanwhile has none.
  private mutating func attemptLost() -> [Action] {
    guard !hasProcess else { return [] }
    guard phase == .starting else { return conclude() }
    isConnected = false
    return [.arm(.start, after: startDeadline), .launch]
  }

  private mutating func connected() -> [Action] {
    isConnected = true
    return ladder.word.map { perform([$0]) } ?? []
  }

  private mutating func ready() -> [Action] {
    guard phase == .starting else { return [] }
    phase = .ready
    return [.disarm]
  }

  private mutating func goodbye() -> [Action] {
    guard !saidGoodbye else { return [] }
    saidGoodbye = true
    phase = .stopping
    return [.acknowledgeGoodbye, .arm(.leave, after: max(ladder.timeToTerminate, Self.leaveTime))]
  }

  /// How long a process may take between its goodbye and its end, whatever the policy.
  private static let leaveTime: Duration = .seconds(5)

  private mutating func stop(from step: StopStep) -> [Action] { stop { $0.stop(from: step) } }

  private mutating func stop(_ climb: (inout StopLadder) -> [StopLadder.Action]) -> [Action] {
    guard phase != .declared else { return conclude() }
    let actions = climb(&ladder)
    if !actions.isEmpty { phase = .stopping }
    return hasProcess ? perform(actions) : []
  }

  /// A child that has not connected yet gets the word once it has.
  private func perform(_ actions: [StopLadder.Action]) -> [Action] {
    actions.compactMap { action in
      switch action {
      case .drain(let time): isConnected ? .drain(within: time) : nil
      case .ask(let time): isConnected ? .ask(within: time) : nil
      case .terminate: .terminate
      case .kill: .kill
      case .arm(let step, let time): .arm(.stop(step), after: time)
      case .disarm: .disarm
      }
    }
  }

  private mutating func passed(_ deadline: Deadline) -> [Action] {
    switch deadline {
    case .start: return startPassed()
    case .stop(let step): return stop(from: step.next)
    case .leave: return hasProcess ? [.kill] : [.arm(.leave, after: Self.leaveTime)]
    }
  }

  private mutating func startPassed() -> [Action] {
    if !hasProcess, !hasGivenUp {
      hasGivenUp = true
      return [.arm(.start, after: startDeadline), .giveUpAttempt]
    }
    guard hasProcess else { return conclude() }
    guard phase == .starting else { return [] }
    startTimedOut = true
    return stop(from: .kill)
  }

  private mutating func conclude() -> [Action] {
    phase = .exited
    return [.disarm, .conclude]
  }
}
