/// When the far half of a host ends, drains, and stops what runs there.
///
/// A value: events in, actions out, without a clock.
package struct AgentLife {
  package enum Event: Equatable {
    /// The near half ends the host.
    case asked
    /// The far half cannot go on.
    case broke(reason: String)
    /// SIGTERM announces the end of the machine, or of an allocation.
    case terminated(children: Int)
    /// The time that children have for their work after that is over.
    case drainTimeOver
    case childEnded(children: Int)
    /// The near half has lent the time for a stop of the run.
    case stopLent
    /// The run goes on.
    case resumed
  }

  package enum Action: Equatable {
    /// Report to the near half that the host ends soon, and begin the time for that.
    case drain
    /// Stop all that runs here.
    case stopAll
    /// Report that it is stopped.
    case reportStop
    /// Let all that runs here go on, and report that.
    case continueAll
  }

  package enum Ending: Equatable {
    case asked
    case broken(reason: String)
  }

  /// Why it ends; nil while it goes on.
  package private(set) var ending: Ending?
  private var isDraining = false
  /// Whether all that runs here is stopped, as the run is.
  private var isStopped = false

  package init() {}

  /// Whether children are started.
  package var takesChildren: Bool { ending == nil && !isDraining }

  /// The reason that the near half does not know; nil while it goes on.
  package var reason: String? {
    if case .broken(let reason) = ending { reason } else { nil }
  }

  package mutating func handle(_ event: Event) -> [Action] {
    // Processes that are stopped go on before they end.
    if event == .resumed {
      isStopped = false
      return [.continueAll]
    }
    guard ending == nil else { return [] }
    switch event {
    case .asked: ending = .asked
    case .broke(let reason): ending = .broken(reason: reason)
    case .terminated(let children):
      guard !isDraining else { break }
      isDraining = true
      endIfDrained(children)
      return [.drain]
    case .drainTimeOver where isDraining:
      ending = .broken(reason: "it was asked to end by SIGTERM, and its time is over")
    case .childEnded(let children): endIfDrained(children)
    case .stopLent:
      // A child that was started since the stop before runs.
      guard !isStopped else { return [.stopAll] }
      isStopped = true
      return [.stopAll, .reportStop]
    case .drainTimeOver, .resumed: break
    }
    return []
  }

  private mutating func endIfDrained(_ children: Int) {
    guard isDraining, children == 0 else { return }
    ending = .broken(reason: "it was asked to end by SIGTERM, and nothing runs there any more")
  }
}
