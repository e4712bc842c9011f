public import ProcessTree

/// A call of a pool that cannot be carried out, whatever its inputs are.
public enum PoolError: Error, Sendable, CustomStringConvertible {
  /// A pool has at least one worker.
  case invalidSize(Int)
  /// A setting that makes no sense.
  case invalidOption(String)
  /// The pool's initializer has failed in a worker.
  case initializerFailed(RemoteFailure)
  /// Workers end before they are ready, again and again; the last one ended like this.
  case workersCannotStart(ExitReport?)
  /// The worker for this work cannot be made: its type is private for instance.
  case workNotUsable(String)
  /// The pool was shut down before this call was complete, or its scope has ended.
  case shutDown

  /// What happened.
  public var description: String {
    switch self {
    case .invalidSize(let size): "A pool has at least one worker, not \(size)."
    case .invalidOption(let text): text
    case .initializerFailed(let failure): "The pool's initializer failed: \(failure)"
    case .workersCannotStart(let report):
      "The pool's workers end before they are ready"
        + (report.map { "; the last one: \($0)" } ?? ".")
    case .workNotUsable(let text): "No worker can be made for this work: \(text)"
    case .shutDown: "The pool was shut down before the call was complete."
    }
  }
}
