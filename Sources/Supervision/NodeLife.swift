internal import ProcessTreeBase

/// The way of a node to its end: inputs are events, outputs are actions.
///
/// A value without effects or a clock. `Outcome` is how the node's program ended.
package struct NodeLife<Outcome: Equatable & Sendable>: Equatable, Sendable {
  /// How far the node has come.
  package enum Phase: Int, Comparable, Sendable {
    /// The program runs.
    case running
    /// The program has ended; its exit hooks run.
    case cleaning
    /// The program and its hooks have ended; its channels have to be settled.
    case ended
    /// The parent has been sent the outcome; children and commands have to end.
    case reported
    /// Nothing is left below; everything sent has to leave the node.
    case flushing
    /// The goodbye has been sent and has to be acknowledged.
    case leaving
    /// The loop has nothing more to do.
    case finished

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }

  /// The purpose of a deadline; each has its own time and is armed once.
  package enum Deadline: CaseIterable, Sendable {
    /// The program of a root that drains has to have ended.
    case drain
    /// The root's program has to end after the cancellation of its task.
    case program
    /// Peers of a node that was asked to stop have to acknowledge what it sent.
    case lastWords
    /// The parent has to confirm the messages that the program sent.
    case delivery
    /// A root whose program has returned names the children that it waits for.
    case silence
    /// Everything sent has to have left the node.
    case flush
    /// After this time the parent learns by another way that a goodbye was sent.
    case answer
    /// The goodbye has to be acknowledged.
    case goodbye

    /// Of the program it follows that of the policy; that of draining is the policy's.
    fileprivate var time: Duration {
      switch self {
      case .drain: .zero
      case .program: .seconds(1)
      case .lastWords: .milliseconds(200)
      case .silence: .seconds(3)
      case .answer: .seconds(5)
      case .delivery, .flush, .goodbye: .seconds(60)
      }
    }
  }

  /// An event on the way to the end.
  package enum Input: Equatable, Sendable {
    /// The node is to take no new work, and has this time to finish what it has.
    case drain(StopRequest, within: Duration)
    /// The node is to stop within this policy; with the signal that asked for it, if one did.
    case stop(StopRequest, within: StopPolicy, signal: Int32?)
    /// The node has to end by this signal.
    case endBy(signal: Int32)
    /// The program wants a hook to run at its end.
    case hookAdded
    case programEnded(Outcome, isResult: Bool)
    /// All exit hooks have ended, or are waited for no longer.
    case cleanedUp
    /// The node lacks what its connections need: nothing that depends on them is waited for.
    case gaveUp(Outcome, StopRequest, within: StopPolicy)
    /// How the node's channels are, and whether the parent has all messages, while it waits for
    /// both; a fault takes the place of the outcome.
    case channels(areSettled: Bool, messagesArrived: Bool, fault: Outcome?)
    /// Children, commands and what dead nodes left behind have all been reaped.
    case nothingBelow
    /// All that was sent has been handed to the sockets.
    case flushed
    /// The parent has acknowledged the goodbye, or there is none to do so.
    case released
    case deadlinePassed(Deadline)
  }

  /// An action that the node has to perform.
  package enum Action: Equatable, Sendable {
    /// Give back the items that the program has not begun, and take no more.
    case drain(StopRequest, within: Duration)
    case cancelProgram
    /// Run the exit hooks.
    case cleanUp
    /// Start no more children and commands.
    case startNoMore
    /// Report the progress that was held back.
    case flushReports
    /// Close the ends of channels; deliver what was sent unless it is abandoned.
    case endChannels(abandoning: Bool)
    /// Stop the children, the last started first; nil: each by its own policy.
    case stopChildren(StopRequest, onlyDaemons: Bool, within: StopPolicy?)
    case stopCommands
    case sendOutcome(Outcome)
    case reportWhoIsWaitedFor
    /// Flush what is left, end subscriptions, dismiss the helper.
    case closeDown
    case sayGoodbye
    /// Cut the tie to the parent.
    case cutTie
    case arm(Deadline, after: Duration)
    /// Leave the loop.
    case finish
  }

  package private(set) var phase: Phase = .running
  /// The first request to stop; it stays.
  package private(set) var stopRequest: StopRequest?
  /// What there is time for when children are stopped; nil: each child's own policy.
  package private(set) var policy: StopPolicy?
  /// The signal that asked the node to end, to be died of in the end.
  package private(set) var signal: Int32?
  /// How the program ended; nil while it runs.
  package private(set) var outcome: Outcome?
  private let name: String
  private let origin: StopRequest.Origin?
  private let isRoot: Bool
  /// How a program has ended that was cancelled.
  private let cancelled: Outcome
  /// Whether the node takes no new work.
  package private(set) var isDraining = false
  /// The stop of a root that drains before it.
  private var laterStop: LaterStop?
  private var hasHooks = false
  private var hasResult = false
  private var isPastLastWords = false
  private var isPastDelivery = false
  private var hasGivenUp = false

  private struct LaterStop: Equatable, Sendable {
    let request: StopRequest
    let policy: StopPolicy
  }

  /// - Parameter origin: What the stops come from that the node's own end brings about.
  package init(
    of name: String, isRoot: Bool, cancelled: Outcome, origin: StopRequest.Origin? = nil
  ) {
    self.name = name
    self.origin = origin
    self.isRoot = isRoot
    self.cancelled = cancelled
  }

  package var isFinished: Bool { phase == .finished }

  /// Handles an event.
  ///
  /// An event that does not fit the phase changes nothing, but that the first signal is noted.
  ///
  /// - Returns: The actions to perform, in order.
  package mutating func handle(_ input: Input) -> [Action] {
    // Also after the end: a root that writes its last output then writes no longer than it has to.
    if case .stop(_, _, let signal) = input { self.signal = self.signal ?? signal }
    guard phase != .finished else { return [] }
    switch input {
    case .drain(let request, let time): return drain(request, within: time)
    case .stop(let request, let policy, _): return stop(request, policy)
    case .hookAdded:
      hasHooks = true
      return []
    case .endBy(let signal):
      self.signal = signal
      return []
    case .programEnded(let outcome, let isResult):
      return ended(outcome, isResult: isResult, cleansUp: hasHooks)
    case .cleanedUp: return phase == .cleaning ? cleanedUp() : []
    case .gaveUp(let failure, let request, let policy):
      hasGivenUp = true
      if phase == .cleaning || phase == .ended { (outcome, hasResult) = (failure, false) }
      let actions = stopNow(request, policy)
        .adding(ended(failure, isResult: false, cleansUp: hasHooks))
      return phase == .flushing ? actions.adding(sayGoodbye()) : actions
    case .channels(let areSettled, let messagesArrived, let fault):
      // A parent that has the outcome of a child that is then killed has everything that led to it.
      let isDelivered = areSettled && (messagesArrived || isPastDelivery)
      guard phase == .ended, isDelivered || stopRequest != nil && isPastLastWords else { return [] }
      return report(fault)
    case .nothingBelow: return phase == .reported ? leave() : []
    case .flushed: return phase == .flushing ? sayGoodbye() : []
    case .released: return finish()
    case .deadlinePassed(let deadline): return passed(deadline)
    }
  }

  private mutating func drain(_ request: StopRequest, within time: Duration) -> [Action] {
    guard phase == .running, stopRequest == nil, !isDraining else { return [] }
    isDraining = true
    return [.drain(request, within: time)]
  }

  /// A root drains first, if its policy has time for that; any other node gets the request from its
  /// parent.
  private mutating func stop(_ request: StopRequest, _ policy: StopPolicy) -> [Action] {
    guard isRoot, phase == .running, stopRequest == nil, policy.drain > .zero else {
      return stopNow(request, policy)
    }
    guard laterStop == nil else { return [] }
    laterStop = LaterStop(request: request, policy: policy)
    return drain(request, within: policy.drain).adding([.arm(.drain, after: policy.drain)])
  }

  private mutating func stopNow(_ request: StopRequest, _ policy: StopPolicy) -> [Action] {
    guard stopRequest == nil else { return [] }
    // Nobody below has time to drain any more.
    let policy = StopPolicy(ask: policy.ask, terminate: policy.terminate)
    stopRequest = request
    self.policy = policy
    var actions: [Action] = phase <= .cleaning ? [.startNoMore] : []
    actions.append(.cancelProgram)
    // While the program runs, it may still finish what it has taken. What it has sent before its
    // end is not waited for any more.
    if phase > .cleaning { actions.append(.endChannels(abandoning: true)) }
    actions += [.stopChildren(request, onlyDaemons: false, within: policy), .stopCommands]
    guard isRoot else { return actions }
    // No parent can end a root whose program does not listen.
    let time = policy.total.saturatingAdding(Deadline.program.time)
    return actions.adding([.arm(.program, after: time)])
  }

  private mutating func ended(
    _ outcome: Outcome, isResult: Bool, cleansUp: Bool
  ) -> [Action] {
    guard phase == .running else { return [] }
    phase = .cleaning
    (self.outcome, hasResult) = (outcome, isResult)
    return [.flushReports].adding(cleansUp ? [.cleanUp] : cleanedUp())
  }

  private mutating func cleanedUp() -> [Action] {
    phase = .ended
    var actions: [Action] = []
    if stopRequest == nil { actions.append(.startNoMore) }
    actions.append(.endChannels(abandoning: stopRequest != nil))
    actions.append(arm(.lastWords))
    actions.append(arm(.delivery))
    // A node that was asked to stop has stopped everything below already.
    guard stopRequest == nil else { return actions }
    let reason = hasResult ? "\(name) has ended, and the child is a daemon" : "\(name) is ending"
    let request = StopRequest(requestedBy: name, reason: reason, origin: origin)
    actions.append(.stopChildren(request, onlyDaemons: hasResult, within: nil))
    actions.append(.stopCommands)
    if isRoot, hasResult { actions.append(arm(.silence)) }
    return actions
  }

  private mutating func report(_ fault: Outcome?) -> [Action] {
    phase = .reported
    let outcome = fault ?? outcome
    self.outcome = outcome
    return outcome.map { [.sendOutcome($0)] } ?? []
  }

  private mutating func leave() -> [Action] {
    guard !isRoot else { return [.closeDown].adding(finish()) }
    phase = .flushing
    return [.closeDown].adding(hasGivenUp ? sayGoodbye() : [arm(.flush)])
  }

  private mutating func sayGoodbye() -> [Action] {
    phase = .leaving
    return [.sayGoodbye, arm(.answer), arm(.goodbye)]
  }

  private mutating func finish() -> [Action] {
    phase = .finished
    return [.finish]
  }

  private mutating func passed(_ deadline: Deadline) -> [Action] {
    switch deadline {
    case .drain:
      guard phase == .running, let stop = laterStop else { return [] }
      return stopNow(stop.request, stop.policy)
    case .program:
      // The time for hooks is over, too.
      if phase == .cleaning { return cleanedUp() }
      return ended(cancelled, isResult: false, cleansUp: false)
    case .lastWords:
      isPastLastWords = true
      return []
    case .delivery:
      isPastDelivery = true
      return []
    case .silence: return stopRequest == nil ? [.reportWhoIsWaitedFor] : []
    case .flush: return phase == .flushing ? sayGoodbye() : []
    case .answer: return phase == .leaving ? [.cutTie] : []
    case .goodbye: return phase == .leaving ? finish() : []
    }
  }

  private func arm(_ deadline: Deadline) -> Action { .arm(deadline, after: deadline.time) }
}
