import ProcessTree

/// What holds at the end of every history, whatever its scene and its faults.
///
/// - Every node that started has ended, was reaped once, and its end has a cause that its status
///   can have. The root knows of it, unless the node was reported as lost.
/// - The events of a node are numbered without gaps, and come in order: started, ready, exited.
/// - Nothing is left: no child, no node, no connection, no frame, no timer, no waiter, no end of a
///   channel, no link, no place under the tree's limit.
///
/// What becomes of elements, a scene checks, which has sent them: none is lost that was
/// acknowledged, no result comes twice, and the books of a sender balance.
struct Ending {
  var events: [LifecycleEvent] = []
  /// What the root and its tree still hold, by kind.
  var remains: [String: Int] = [:]

  var flaws: [String] {
    flawsOfLives + flawsOfNumbers
      + remains.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key) left" }
  }

  private var flawsOfLives: [String] {
    var flaws: [String] = []
    var phases: [String: Int] = [:]
    for event in events {
      let phase = phases[event.path] ?? 0
      switch event.kind {
      case .started:
        if phase != 0 { flaws.append("\(event.path) started twice") }
        phases[event.path] = 1
      case .ready:
        if phase != 1 { flaws.append("\(event.path) is ready in phase \(phase)") }
        phases[event.path] = 2
      case .exited(let report):
        if phase == 3 { flaws.append("\(event.path) exited twice") }
        phases[event.path] = 3
        if !report.isPlausible {
          flaws.append("\(event.path): \(report.cause) with \(String(describing: report.status))")
        }
      case .lost:
        if phase == 3 { flaws.append("\(event.path) is lost after its end") }
        phases[event.path] = 3
      default: break
      }
    }
    for (path, phase) in phases where phase != 3 && path != "MainProcess" {
      flaws.append("the end of \(path) was never told")
    }
    return flaws.sorted()
  }

  private var flawsOfNumbers: [String] {
    var flaws: [String] = []
    var last: [String: UInt64] = [:]
    for event in events {
      // A parent that reports a lost node does not know how many events the node had sent.
      if case .lost = event.kind { continue }
      if let before = last[event.path] {
        if event.sequence != before + 1 {
          flaws.append("\(event.path): event \(event.sequence) follows \(before)")
        }
      } else if event.sequence != 1, event.path != "MainProcess" {
        flaws.append("\(event.path): event \(event.sequence) is the first")
      }
      last[event.path] = event.sequence
    }
    return flaws
  }
}

extension ExitReport {
  /// Whether the cause is one that the status can have.
  fileprivate var isPlausible: Bool {
    switch (cause, status) {
    case (.completed, .exited(0)), (.failed, .exited(1)), (.stopped, _), (.terminated, _): true
    case (.exited(let code), .exited(let status)): code == status
    case (.killed, .signaled), (.completed, .signaled), (.exited, .signaled), (.failed, .signaled):
      true
    case (.couldNotStart, _): true
    default: false
    }
  }
}
