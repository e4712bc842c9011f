internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeSupervision

/// What a parent knows of a child, without asking it.
extension ChildController {
  /// How the child stands, seen from its parent.
  func explanation() -> NodeExplanation {
    NodeExplanation(
      address: child.address, name: child.name, path: child.path, pid: child.pid,
      incarnation: child.incarnation, phase: SupervisedPhase(life.phase), waits: waits,
      host: child.host)
  }

  /// What the child waits for, as far as its parent decides it.
  private var waits: [NodeWait] {
    let elapsed = phaseSince.duration(to: runtime.loop.timers.now)
    switch life.phase {
    case .starting:
      return [
        NodeWait(
          .start, elapsed: elapsed, remaining: deadline.next?.remaining, detail: startAccount)
      ]
    case .stopping:
      let request = life.stopRequest.map { "\($0); " } ?? ""
      return [
        NodeWait(
          .stop, elapsed: elapsed, remaining: deadline.next?.remaining,
          detail: request + (life.stopStep?.account ?? "it has said goodbye"))
      ]
    case .declared, .ready, .exited: return []
    }
  }

  /// How far a start has come.
  var startAccount: String {
    if !life.hasProcess { return "it has no process yet" }
    return life.isConnected
      ? "its process has connected, and has not begun its program"
      : "its process has not connected"
  }

  /// Reports that the time of a step has passed, and why, as far as can be seen from outside.
  func reportDelay(_ deadline: ChildLifecycle.Deadline) {
    let passed: LifecycleEvent.Deadline
    switch deadline {
    case .start: passed = .start
    case .stop(.drain): passed = .drain
    case .stop(.ask): passed = .ask
    case .stop(.terminate): passed = .terminate
    case .stop(.kill): return
    case .leave: passed = .leave
    }
    let time = self.deadline.lastTime ?? .zero
    runtime.emit(.deadlinePassed(passed, after: time, reason: delay(of: passed)), about: child)
  }

  private func delay(of deadline: LifecycleEvent.Deadline) -> String {
    switch process?.state {
    case .stopped?: return "its process is stopped"
    case .traced(let tracer)?: return "process \(tracer) traces it"
    case .running?, nil: break
    }
    guard deadline != .start else { return startAccount }
    // The deepest come first; what keeps those has been reported by their parents.
    let below = runtime.events.picture.nodes(below: child.declaration.path)
    guard below.isEmpty else {
      let names = below.prefix(NodeWait.mostSubjects).map { "\($0.1.name) (pid \($0.1.pid ?? 0))" }
      let more = below.count > names.count ? " and \(below.count - names.count) more" : ""
      return "it waits for \(names.joined(separator: ", "))\(more)"
    }
    guard life.outcome == nil, deadline != .leave else {
      return "its program has ended, and its process has not"
    }
    guard life.wasReady else { return startAccount }
    return switch deadline {
    case .drain: "its program is still at work"
    case .ask: "its program runs on after its cancellation"
    default: "it ignores SIGTERM"
    }
  }
}

extension StopLadder.Step {
  /// The request or signal that the parent has sent to a process in this step.
  var account: String {
    switch self {
    case .drain: "it has been asked to drain"
    case .ask: "it has been asked to stop"
    case .terminate: "it has been sent SIGTERM"
    case .kill: "it has been sent SIGKILL"
    }
  }
}

extension SupervisedPhase {
  /// The phase of a child that no supervisor keeps.
  init(_ phase: ChildPhase) {
    self =
      switch phase {
      case .declared: .waiting
      case .starting: .starting
      case .ready: .up
      case .stopping: .stopping
      case .exited: .stopped
      }
  }
}
