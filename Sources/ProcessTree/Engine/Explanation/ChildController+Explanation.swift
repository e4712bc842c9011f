internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeSupervision

/// What a parent knows of a child, without asking it.
extension ChildController {
  /// How the child stands, seen from its parent.
  func explanation() -> NodeExplanation {
    NodeExplanation(
      address: child.address, name: child.name, path: child.path, pid: child.pid,
      incarnation: child.incarnation, phase: SupervisedPhase(life.phase), waits: waits)
  }

  /// What the child waits for, as far as its parent decides it.
  private var waits: [NodeWait] {
    let elapsed = phaseSince.duration(to: runtime.loop.timers.now)
    switch life.phase {
    case .starting:
      return [NodeWait(.start, elapsed: elapsed, remaining: deadline.next?.remaining, detail: startAccount)]
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

  /// Why a child that has been stopped is still there, when the time of a step has passed.
  func delay(after step: StopLadder.Step) -> String {
    let below = runtime.events.picture.nodes(below: child.declaration.path)
    // The deepest come first; their own delays have been reported before.
    if !below.isEmpty {
      let names = below.prefix(NodeWait.mostSubjects).map { "\($0.1.name) (pid \($0.1.pid ?? 0))" }
      let more = below.count > names.count ? " and \(below.count - names.count) more" : ""
      return "it waits for \(names.joined(separator: ", "))\(more)"
    }
    switch process?.state {
    case .stopped?: return "its process is stopped"
    case .traced(let tracer)?: return "process \(tracer) traces it"
    case .running?, nil:
      let isOver = life.outcome != nil
      switch step {
      case .ask: return isOver ? "its program has ended, its node has not" : "its program runs on after its cancellation"
      case .terminate: return isOver ? "its program has ended, its node has not" : "it ignores SIGTERM"
      case .kill: return "the kernel has not ended it"
      }
    }
  }
}

extension StopLadder.Step {
  /// What has been done to a process in this step.
  var account: String {
    switch self {
    case .ask: "it has been asked"
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
