internal import ProcessTreeWire

/// When a host is over for the node that has opened it, and what that is called.
///
/// It follows from how the near half has ended, from what that has returned, and from what a
/// further connection has found. A value: events in, actions out, without a clock.
struct HostConclusion {
  /// What the near half has returned.
  enum Answer: Equatable {
    /// It was killed, or what it returned is no answer.
    case nothing
    /// It was asked to end the host, and the far half has sent its goodbye.
    case farewell
    case end(HostEnd)
  }

  enum Event: Equatable {
    /// The far half has introduced itself.
    case cameUp
    /// The near half does not do what it has to.
    case surrendered(reason: String)
    /// The near half has ended.
    ///
    /// - `cause`: How.
    /// - `wasAsked`: Whether the node or somebody else had asked it to.
    /// - `children`: How many children are there, as far as anybody knows.
    case keeperEnded(Answer, cause: String, wasAsked: Bool, children: Int)
    /// It has become known that nothing runs there any more.
    case found(HostLoss.Evidence, children: Int)
  }

  enum Action: Equatable {
    /// Kill the near half.
    case kill
    /// Have the far half ended over a further connection, until its lease is over; without a child,
    /// it is only asked to leave.
    case fence(isEmpty: Bool)
    /// Nothing of it runs any more; why, unless it was closed.
    case over(HostLoss?)
  }

  private enum Phase {
    case open, fenced, over
  }

  private let host: String
  private var phase = Phase.open
  private var wasUp = false
  private var wasAsked = false
  /// Why this side has killed the near half.
  private var surrender: String?
  /// The near half's report of its end.
  private var end: HostEnd?
  /// How the near half has ended.
  private var cause = ""
  /// Why it is over, unless it was closed.
  private(set) var loss: HostLoss?

  init(of host: String) {
    self.host = host
  }

  var isOver: Bool { phase == .over }
  var hasSurrendered: Bool { surrender != nil }

  /// The error of a host that has ended before it was up.
  var failure: HostError? {
    surrender.map { HostError(.over, host: host, $0) } ?? end?.error
  }

  mutating func handle(_ event: Event) -> Action? {
    switch (phase, event) {
    case (.open, .cameUp): wasUp = true
    case (.open, .surrendered(let reason)):
      guard surrender == nil else { return nil }
      surrender = reason
      return .kill
    case (.open, .keeperEnded(let answer, let cause, let wasAsked, let children)):
      (self.cause, self.wasAsked) = (cause, wasAsked)
      if case .end(let end) = answer { self.end = end }
      let isEmpty = wasAsked && children == 0
      // One that has waited for the far half in vain has waited long enough, if no child is there.
      guard wasUp, answer.evidence == nil, !isEmpty || end == nil else {
        return conclude(answer.evidence ?? .fenced, children)
      }
      // Nobody renews the lease of the far half any more, but it may last.
      phase = .fenced
      return .fence(isEmpty: isEmpty)
    case (.fenced, .found(let evidence, let children)): return conclude(evidence, children)
    case (.open, .found), (.fenced, _), (.over, _): break
    }
    return nil
  }

  private mutating func conclude(_ evidence: HostLoss.Evidence, _ children: Int) -> Action {
    phase = .over
    guard !wasAsked || children > 0 || hasSurrendered else { return .over(nil) }
    let reason = surrender ?? end?.error.message ?? "its keeper has ended: \(cause)"
    loss = HostLoss(host: host, evidence: evidence, reason: reason)
    return .over(loss)
  }
}

extension HostConclusion.Answer {
  /// What proves that nothing runs there any more.
  fileprivate var evidence: HostLoss.Evidence? {
    switch self {
    case .nothing: nil
    case .farewell: .goodbye
    case .end(let end): end.evidence
    }
  }

  /// The answer in the outcome of a near half.
  init(_ outcome: RecordedOutcome?) {
    self = .nothing
    guard case .result(let bytes) = outcome else { return }
    do {
      let end = try HostKeeper._decode(bytes)
      self = end.map { .end($0) } ?? .farewell
    } catch {}
  }
}

extension HostLoss.Evidence {
  /// What a verdict proves; nil if it proves nothing.
  init?(_ verdict: HostVerdict) {
    switch verdict {
    case .gone: self = .agentGone
    case .rebooted: self = .rebooted
    case .elsewhere: return nil
    }
  }

  /// The same about a far half that was ordered to end.
  init?(ofFenced verdict: HostVerdict) {
    guard let evidence = Self(verdict) else { return nil }
    self = evidence == .agentGone ? .fenced : evidence
  }
}
