/// Where a supervised child is in its lives.
public enum SupervisedPhase: String, Hashable, Sendable, Codable, CaseIterable {
  /// It waits for a dependency, or for its turn to start.
  case waiting
  /// It does not start, because what it waits for cannot come any more.
  case skipped
  /// It waits for the time of its next start, after a failure.
  case backoff
  /// It has been started and has not begun its program.
  case starting
  /// It runs its program and is not up yet.
  case started
  /// It is up.
  case up
  /// It is being stopped.
  case stopping
  /// It has ended because somebody asked for that, or starts by request only and had none.
  case stopped
  /// It has ended with success, and is not started again.
  case succeeded
  /// It has ended without success, and is not started again.
  case failed

  /// Whether the child has a process, or is about to have one.
  public var isLive: Bool {
    switch self {
    case .starting, .started, .up, .stopping: true
    case .waiting, .skipped, .backoff, .stopped, .succeeded, .failed: false
    }
  }

  /// Whether the supervisor has nothing more to do for the child by itself.
  public var isSettled: Bool {
    switch self {
    case .up, .stopped, .succeeded, .failed, .skipped: true
    case .waiting, .backoff, .starting, .started, .stopping: false
    }
  }
}
