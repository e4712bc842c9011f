internal import Arithmetic
internal import ProcessTree

/// Events as short lines on standard error, above the lines of progress.
struct EventLines: EventSink {
  let hasColour: Bool
  let progress: ProgressDisplay

  func write(_ event: LifecycleEvent) {
    guard let text = Self.text(of: event.kind, pid: event.pid) else { return }
    let line = Self.printable("\(event.node) \(text)")
    progress.tell(hasColour ? colour(of: event.kind) + line + "\u{1B}[0m" : line)
  }

  /// What happened, in words; nil for what would only be noise.
  static func text(of kind: LifecycleEvent.Kind, pid: Int32?) -> String? {
    switch kind {
    case .started: "started (pid \(pid.map { "\($0)" } ?? "unknown"))"
    // It follows `started` at once, or the exit tells why it does not.
    case .ready: nil
    // With a number it is part of the progress.
    case .reported(let report): report.completed == nil ? "reported: \(report.message)" : nil
    case .stopping(let request): "stopping: \(request.requestedBy) asked: \(request.reason)"
    case .exited(let report): "exited: \(report.cause), \(short(report.lifetime))"
    case .leftBehind(let pid, let command): "ended what a dead node left: \(command) (pid \(pid))"
    case .forkServerLost: "lost its fork server"
    case .startMethodChanged(let method, let reason):
      "starts children by \(method.rawValue): \(reason)"
    case .connectionRefused(let reason): "refused a connection: \(reason)"
    case .channelFinished(let counts):
      // Of note when something has not arrived.
      counts.dropped == 0 && counts.quarantined == 0 && counts.returned == 0
        ? nil
        : "finished a channel: \(counts.sent) sent, \(counts.acknowledged) acknowledged, "
          + "\(counts.dropped) dropped, \(counts.quarantined) quarantined, "
          + "\(counts.returned) returned"
    case .channelsInCycle(let nodes):
      "channels are full in a circle and will not move: \(nodes.joined(separator: " → "))"
    case .messageRejected(let reason): "rejected a message: \(reason)"
    case .lost: "lost: its parent ended before it could tell how"
    }
  }

  private static func short(_ duration: Duration) -> String {
    let milliseconds = duration.wholeMicroseconds / 1_000
    guard milliseconds >= 1_000 else { return "\(milliseconds) ms" }
    return "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s"
  }

  /// The line without control characters, which would be commands to a terminal.
  private static func printable(_ line: String) -> String {
    var printable = ""
    for scalar in line.unicodeScalars {
      let isControl = scalar.properties.generalCategory == .control
      printable += isControl ? scalar.escaped(asASCII: true) : String(scalar)
    }
    return printable
  }

  private func colour(of kind: LifecycleEvent.Kind) -> String {
    switch kind {
    case .exited(let report) where report.cause.isSuccess: "\u{1B}[32m"
    case .exited(let report) where report.stopRequest != nil: "\u{1B}[33m"
    case .exited, .lost, .leftBehind, .forkServerLost: "\u{1B}[31m"
    case .stopping, .startMethodChanged, .connectionRefused, .messageRejected, .channelsInCycle:
      "\u{1B}[33m"
    case .started, .ready, .reported, .channelFinished: "\u{1B}[2m"
    }
  }
}
