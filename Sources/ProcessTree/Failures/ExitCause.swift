internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeProcessControl
public import ProcessTreeSupervision

/// The cause of a node's end, as far as the system shows it.
public enum ExitCause: Hashable, Sendable, Codable {
  /// The program returned its result.
  case completed
  /// The program threw an error that it did not catch.
  case failed(type: String, text: String)
  /// The program called ``Node/exit(_:)-(Int32)`` with this code.
  case exited(code: Int32)
  /// The node was asked to stop, and did.
  case stopped(StopRequest)
  /// The node was asked to stop, and ended by the signal that followed.
  case terminated(StopRequest, signal: Int32)
  /// The process crashed: a trap, a bad memory access, an abort, a stack overflow.
  case crashed(signal: Int32)
  /// A signal from outside of this tree ended the process.
  case killed(signal: Int32)
  /// The kernel killed the process because memory had run out.
  case outOfMemory
  /// The process exceeded a resource limit of its own: its processor time, at SIGXCPU or the
  /// SIGKILL that follows, or the size of a file, at SIGXFSZ.
  case limitExceeded(signal: Int32)
  /// The process ended with this code without going through the library, so without a result, even
  /// if the code is 0.
  ///
  /// The code is -1 if other code in the parent reaped a re-executed child.
  case exitedWithoutResult(code: Int32)
  /// The node had not renewed its lease for this time, so its parent killed it; see `Liveness`.
  case unresponsive(silence: Duration)
  /// The host that the node ran on was lost; nobody is to blame for that.
  case hostLost(HostLoss)
  /// The node could not be started.
  case couldNotStart(reason: String)

  /// Whether the program returned a result or exited with 0.
  public var isSuccess: Bool { self == .completed || self == .exited(code: 0) }

  /// Whether the node ended because of a stop request.
  public var isStop: Bool {
    switch self {
    case .stopped, .terminated: true
    default: false
    }
  }
}

extension ExitCause: CustomStringConvertible {
  /// The cause in words.
  public var description: String {
    switch self {
    case .completed: "completed"
    case .failed(let type, let text):
      ErrorText.of(type: type, text) == text ? "failed: \(text)" : "failed with \(type): \(text)"
    case .exited(let code): "exited with code \(code)"
    case .stopped(let request): "stopped by \(request.requester): \(request.reason)"
    case .terminated(let request, let signal):
      "ended by \(SignalName.name(of: signal)) after \(request.requester) asked it to stop: "
        + request.reason
    case .crashed(let signal): "crashed with \(SignalName.name(of: signal))"
    case .killed(let signal): "killed by \(SignalName.name(of: signal)) from outside the tree"
    case .outOfMemory: "killed because memory had run out"
    case .limitExceeded(let signal):
      "killed by \(SignalName.name(of: signal)): it exceeded its limit on "
        + (signal == SIGXFSZ ? "the size of a file" : "processor time")
    case .exitedWithoutResult(let code): "exited with code \(code) without a result"
    case .unresponsive(let silence):
      "stopped answering for \(silence.inShort); killed by its parent"
    case .hostLost(let loss): "its host was lost: \(loss)"
    case .couldNotStart(let reason): "could not start: \(reason)"
    }
  }
}
