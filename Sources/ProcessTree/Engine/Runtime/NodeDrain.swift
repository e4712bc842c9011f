internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeSupervision

/// A request to a node to finish what it has begun and to take no new work.
struct NodeDrain {
  let request: StopRequest
  private let end: SuspendingClock.Instant

  init(_ request: StopRequest, until end: SuspendingClock.Instant) {
    self.request = request
    self.end = end
  }

  /// The time that nodes below have: less than the node, which ends after them.
  func timeBelow(at now: SuspendingClock.Instant) -> Duration {
    max(.zero, now.duration(to: end)) / 5 * 4
  }
}

extension NodeRuntime {
  func begin(_ drain: NodeDrain) {
    self.drain = drain
    shared.startDraining()
    channels?.drain()
    for supervisor in supervisors { supervisor.nodeDrains(drain) }
    drainWaiters.resume(())
  }

  /// Runs the exit hooks, the last registered first.
  func cleanUp() {
    hooks.run { [unowned self] name, problem in
      emitOwn(.hookFailed(hook: name, reason: problem))
      writeToStandardError("\(identity.name): the exit hook \(name.debugDescription) \(problem)")
    } then: { [unowned self] in
      handle(.cleanedUp)
    }
  }
}
