internal import ProcessTree

/// Shows what a run waits for that was asked to end, before somebody takes it for hung.
enum StopNotice {
  /// How long an end may take without a word.
  private static let patience: Duration = .seconds(1)
  private static let period: Duration = .milliseconds(100)

  /// Waits for the run's end to be requested, and for a moment more.
  static func start(for root: Node, _ end: EarlyEnd, _ progress: ProgressDisplay) throws {
    // On a thread of its own: a terminal that takes nothing must not stop the event loop.
    Task(executorPreference: try root.makeThread()) {
      while root.stopRequest == nil, end.code == nil { try await root.sleep(for: period) }
      try await root.sleep(for: patience)
      let children = root.children.map { "\($0)" }
      if let text = text(children, askedBy: root.stopRequest?.requestedBy) { progress.tell(text) }
    }
  }

  /// The notice about children that still run; nil when there are none.
  static func text(_ children: [String], askedBy signal: String?) -> String? {
    guard let first = children.first else { return nil }
    let others =
      switch children.count {
      case 1: ""
      case 2: " and 1 other child"
      default: " and \(children.count - 1) other children"
      }
    let second =
      switch signal {
      case nil: "Ctrl-C twice kills them"
      case "SIGINT": "a second Ctrl-C kills them"
      case let signal? where signal.hasPrefix("SIG"): "a second \(signal) kills them"
      // Somebody has asked at the desk.
      default: "\(RunningTool.current.name) kill kills them"
      }
    return "\(RunningTool.current.name): waiting for \(first)\(others) to end; \(second)"
  }
}
