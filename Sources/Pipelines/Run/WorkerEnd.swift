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
    // Both failures report the same end.
    case let failure as ChildGroupFailure where !failure.failures.isEmpty:
      self = .init(failure.failures.first { $0 is ChildFailure } ?? failure.failures[0])
    default: self = .other(error)
    }
  }
}

extension ExitReport {
  /// Whether a process that ended this way leaves its work to a successor.
  ///
  /// A process that was killed while it started had no work yet, and is replaced as one that was
  /// killed later.
  var isDeath: Bool {
    switch (cause, status) {
    case (.exited, _), (.crashed, _), (.killed, _), (.outOfMemory, _), (.unresponsive, _),
      (.limitExceeded, _),
      (.exitedWithoutResult, _), (.hostLost, _):
      true
    case (.couldNotStart, .signaled): true
    case (.completed, _), (.failed, _), (.stopped, _), (.terminated, _), (.couldNotStart, _): false
    }
  }
}

extension ExitCause {
  /// Whether a signal from outside of the tree ended the process.
  var isFromOutside: Bool { if case .killed = self { true } else { false } }
}
