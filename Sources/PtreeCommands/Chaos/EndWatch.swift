internal import ProcessTree
internal import ProcessTreeBase

/// Looks at the end of each node: faults, or the example itself, have to explain it.
struct EndWatch {
  /// Causes by which nodes end in a run without faults; the example wants them.
  private var ordinary: Set<String> = []
  /// Nodes that were hit, by their processes.
  private var hit: Set<Int32> = []
  private(set) var ends = 0
  private(set) var unexplained: Violation?
  /// Whether there were faults; before, each cause counts as ordinary.
  var isUnderFaults = false

  /// A fault is about to hit this process.
  mutating func note(hit pid: Int32) { hit.insert(pid) }

  /// A node has ended.
  mutating func note(_ event: LifecycleEvent) {
    guard case .exited(let report) = event.kind else { return }
    ends += 1
    // A pid that is used again belongs to a node that was not hit.
    let wasHit = event.pid.map { hit.remove($0) != nil } ?? false
    guard isUnderFaults else {
      ordinary.insert(report.cause.name)
      return
    }
    guard !wasHit, unexplained == nil, !isExplained(report),
      !ordinary.contains(report.cause.name)
    else { return }
    unexplained = Violation(.namedCause, "\(event.node) (\(event.path)) \(report.cause)")
  }

  /// Whether the report alone shows why the node ended.
  private func isExplained(_ report: ExitReport) -> Bool {
    switch report.cause {
    case .completed, .failed, .exited, .stopped, .terminated, .limitExceeded, .unresponsive: true
    // A start that nobody has called off succeeds: no stop lasts as long as its deadline.
    case .couldNotStart: report.stopRequest != nil
    case .crashed, .killed, .outOfMemory, .exitedWithoutResult, .hostLost: false
    }
  }
}
