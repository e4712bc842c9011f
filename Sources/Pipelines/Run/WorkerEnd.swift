internal import ProcessTree

/// How a worker ended that did not come to its end.
enum WorkerEnd {
  /// Its stage threw.
  case failed(RemoteFailure)
  /// Its process ended.
  case died(ExitReport)
  case other(any Error)

  init(_ error: any Error) {
    switch error {
    case let failure as RemoteFailure: self = .failed(failure)
    case let failure as ChildFailure: self = .died(failure.report)
    // What is said of the same end twice.
    case let failure as ChildGroupFailure where !failure.failures.isEmpty:
      self = .init(failure.failures.first { $0 is ChildFailure } ?? failure.failures[0])
    default: self = .other(error)
    }
  }
}

extension ExitCause {
  /// Whether a process that ended this way leaves its work to a successor.
  var isDeath: Bool {
    switch self {
    case .exited, .crashed, .killed, .outOfMemory, .exitedWithoutResult: true
    case .completed, .failed, .stopped, .terminated, .couldNotStart: false
    }
  }
}
