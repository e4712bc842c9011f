internal import ProcessTree

/// Events as short lines on standard error, above the lines of progress.
struct EventLines: EventSink {
  let hasColour: Bool
  let progress: ProgressDisplay

  func write(_ event: LifecycleEvent) {
    guard Self.isOfNote(event.kind) else { return }
    let line = event.description
    progress.tell(hasColour ? colour(of: event.kind) + line + "\u{1B}[0m" : line)
  }

  /// False for what would only be noise.
  private static func isOfNote(_ kind: LifecycleEvent.Kind) -> Bool {
    switch kind {
    // It follows `started` at once, or the exit shows why it does not.
    case .ready: false
    // With a number it is part of the progress.
    case .reported(let report): report.completed == nil
    // Of note when something has not arrived.
    case .channelFinished(let counts):
      counts.dropped != 0 || counts.quarantined != 0 || counts.returned != 0
    default: true
    }
  }

  private func colour(of kind: LifecycleEvent.Kind) -> String {
    switch kind {
    case .exited(let report) where report.cause.isSuccess: "\u{1B}[32m"
    case .exited(let report) where report.stopRequest != nil: "\u{1B}[33m"
    case .exited, .lost, .leftBehind, .forkServerLost, .gaveUp, .hostOver: "\u{1B}[31m"
    case .stopping, .startMethodChanged, .connectionRefused, .messageRejected, .channelsInCycle,
      .restarting, .skipped, .down, .unresponsive, .hookFailed,
      .deadlinePassed, .hostCut, .hostDraining:
      "\u{1B}[33m"
    case .started, .ready, .up, .responsive, .restarted, .reported, .channelFinished, .hostUp,
      .hostResumed:
      "\u{1B}[2m"
    }
  }
}
