/// What a parent knows about one of its children: inputs are events, outputs are actions.
///
/// A value without effects or a clock, composed of the child's ``ChildLifecycle`` and of what the
/// child has sent: each fact about a child is here and nowhere else. `Outcome` is what the parent
/// keeps of how the program ended.
package struct ChildLife<Outcome: Equatable & Sendable>: Equatable, Sendable {
  /// The end of a tie between child and parent, other than in order.
  package struct Break: Equatable, Sendable {
    package let violation: String
    /// How the program ended because of it, whatever it would have sent.
    package let failure: Outcome

    package init(violation: String, failure: Outcome) {
      self.violation = violation
      self.failure = failure
    }
  }

  /// An event in the life of a child.
  package enum Input: Equatable, Sendable {
    case start
    case processStarted
    case attemptLost
    /// The process could not be made, or its end cannot be watched.
    case couldNotStart(String)
    case connected
    case ready
    case outcome(Outcome)
    /// The outcome is on its way over the data socket.
    case outcomeFollows
    case payload(Outcome)
    /// The child has sent goodbye, and this many data frames before it, of which so many have come.
    case goodbye(frames: UInt64, received: UInt64)
    /// This many data frames have come in all; of interest while `awaitsFrames`.
    case received(frames: UInt64)
    /// The child has sent what the protocol does not allow.
    case violation(String)
    /// Where the next frame of a connection begins is not known.
    case broke(Break)
    /// The child has closed its end of the descriptor that it inherits.
    case tieCut
    /// The time that an ending process has after that is over.
    case tieStayedCut(Break, processHasEnded: Bool)
    /// A request to drain for this time, and to stop then.
    case drain(StopRequest, within: Duration)
    /// A request to stop; the policy is what a parent that stops itself has time for.
    case stop(ChildLifecycle.StopStep, StopRequest, within: StopPolicy?)
    case deadlinePassed(ChildLifecycle.Deadline)
    /// The child has not renewed its lease for this time, which is more than it may take.
    case stoppedAnswering(Duration)
    /// The process has ended; what it left in the descriptor, unless its word came before.
    case exited(LastWord?)

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
    case lifecycle(ChildLifecycle.Action)
    /// Report that the child is ready, and wake the callers that wait for it.
    case becameReady
    /// Report the request to stop.
    case reportStop(StopRequest)
    case reportViolation(String)
    /// Take the outcome from the data socket once it is there.
    case awaitPayload
    /// Send `tieStayedCut` after this time.
    case armTie(after: Duration)
  }

  private var lifecycle: ChildLifecycle
  /// The first request to stop, which is the one that is reported.
  package private(set) var stopRequest: StopRequest?
  /// Whether the child has begun its program.
  package private(set) var wasReady = false
  /// How the program ended; the first word counts.
  package private(set) var outcome: Outcome?
  /// Why there is no process.
  package private(set) var startFailure: String?
  /// Whether the parent has sent it a signal.
  package private(set) var wasSignalled = false
  /// How long the child had been silent when it was killed for that.
  package private(set) var silence: Duration?
  private var awaitsPayload = false
  private var announcedFrames: UInt64?
  private var receivedFrames: UInt64 = 0
  private var violations = 0
  private var isTieCut = false

  package init(policy: StopPolicy, startDeadline: Duration) {
    lifecycle = ChildLifecycle(policy: policy, startDeadline: startDeadline)
  }

  package var phase: ChildPhase { lifecycle.phase }
  package var hasProcess: Bool { lifecycle.hasProcess }
  package var isConnected: Bool { lifecycle.isConnected }
  /// Whether the child has sent goodbye and everything that it sent before has come.
  package var saidGoodbye: Bool { lifecycle.saidGoodbye }
  /// Whether a goodbye may be waiting for data frames.
  package var awaitsFrames: Bool { announcedFrames != nil }
  package var stopStep: ChildLifecycle.StopStep? { lifecycle.stopStep }
  package var startTimedOut: Bool { lifecycle.startTimedOut }

  /// How long a process may take to end, and its last words to come, once its tie is cut.
  package static var timeToEnd: Duration { .seconds(5) }

  /// Handles an event.
  ///
  /// An event that does not fit changes nothing, and nothing follows the end.
  ///
  /// - Returns: The actions to perform, in order.
  package mutating func handle(_ input: Input) -> [Action] {
    guard phase != .exited, phase != .declared || input.fitsDeclared else { return [] }
    switch input {
    case .start: return live(.start)
    case .processStarted: return live(.processStarted)
    case .attemptLost: return attemptLost()
    case .couldNotStart(let reason):
      startFailure = reason
      return live(.couldNotStart)
    case .connected: return live(.connected)
    case .ready: return ready()
    case .outcome(let outcome):
      if awaitsNoOutcome { self.outcome = outcome }
      return []
    case .outcomeFollows:
      guard awaitsNoOutcome else { return [] }
      awaitsPayload = true
      return [.awaitPayload]
    case .payload(let outcome):
      guard awaitsPayload else { return [] }
      awaitsPayload = false
      self.outcome = outcome
      return answerGoodbye()
    case .goodbye(let frames, let received):
      (announcedFrames, receivedFrames) = (frames, received)
      return answerGoodbye()
    case .received(let frames):
      receivedFrames = frames
      return answerGoodbye()
    case .violation(let reason): return note(reason)
    case .broke(let end): return broke(end)
    case .tieCut:
      guard !isTieCut else { return [] }
      isTieCut = true
      return [.armTie(after: Self.timeToEnd)]
    case .tieStayedCut(let end, let processHasEnded):
      // A child whose goodbye has come has a deadline of its own; one that is traced has ended.
      guard isTieCut, announcedFrames == nil, !processHasEnded else { return [] }
      return broke(end)
    case .drain(let request, let time): return note(request).adding(live(.drain(within: time)))
    case .stop(let step, let request, let policy): return stop(step, request, policy)
    case .deadlinePassed(let deadline): return live(.deadlinePassed(deadline))
    case .stoppedAnswering(let silence):
      // A child that is being stopped has deadlines of its own.
      guard phase == .ready, hasProcess else { return [] }
      self.silence = silence
      return live(.stop(.kill))
    case .exited(let word): return exited(word)
    }
  }

  /// A program ends once.
  private var awaitsNoOutcome: Bool { outcome == nil && !awaitsPayload }

  private mutating func live(_ input: ChildLifecycle.Input) -> [Action] {
    noting(lifecycle.handle(input))
  }

  private mutating func noting(_ actions: [ChildLifecycle.Action]) -> [Action] {
    if actions.contains(.terminate) || actions.contains(.kill) { wasSignalled = true }
    return actions.map(Action.lifecycle)
  }

  private mutating func attemptLost() -> [Action] {
    guard !hasProcess else { return [] }
    (announcedFrames, receivedFrames, isTieCut) = (nil, 0, false)
    return live(.attemptLost)
  }

  private mutating func ready() -> [Action] {
    guard !wasReady else { return [] }
    wasReady = true
    return [.becameReady].adding(live(.ready))
  }

  /// Holds the goodbye back until everything that was sent before it has come: the child's sockets
  /// end with the reply.
  private mutating func answerGoodbye() -> [Action] {
    guard let announcedFrames, receivedFrames >= announcedFrames, !awaitsPayload else { return [] }
    return live(.goodbye)
  }

  /// One report stands for many: a child that sends nonsense must not become a flood of events.
  private mutating func note(_ violation: String) -> [Action] {
    violations += 1
    guard violations.nonzeroBitCount == 1 else { return [] }
    return [.reportViolation("\(violation) (\(violations) so far)")]
  }

  /// Ends a child that broke one of the ties to its parent: what it sends from then on may be lost.
  private mutating func broke(_ end: Break) -> [Action] {
    let report = note(end.violation)
    guard !saidGoodbye else { return report }
    outcome = end.failure
    awaitsPayload = false
    return report.adding(live(.stop(.kill)))
  }

  private mutating func stop(
    _ step: ChildLifecycle.StopStep, _ request: StopRequest, _ policy: StopPolicy?
  ) -> [Action] {
    let actions = policy.map { noting(lifecycle.limit(to: $0)) } ?? []
    return actions.adding(note(request)).adding(live(.stop(step)))
  }

  private mutating func note(_ request: StopRequest) -> [Action] {
    guard stopRequest == nil else { return [] }
    stopRequest = request
    return [.reportStop(request)]
  }

  private mutating func exited(_ word: LastWord?) -> [Action] {
    var actions: [Action] = []
    switch word {
    // One that died at once may have begun its program without its message getting out.
    case .begun: actions = ready()
    case .failed(let reason) where !wasReady: startFailure = reason
    default: break
    }
    return actions.adding(live(.exited))
  }
}

/// What a child has left, in the descriptor that it inherits, about how far it came.
package enum LastWord: Equatable, Sendable {
  /// The program was about to run.
  case begun
  /// The child could not come up, and why.
  case failed(String)
}
