internal import Glibc
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision

/// The facts about a node's end, from which its cause follows.
struct ExitEvidence: Sendable {
  var status: ExitStatus
  /// The outcome that the program reported before it ended.
  var outcome: RecordedOutcome?
  /// Whether the node sent its goodbye and received the reply.
  var saidGoodbye: Bool
  var stopRequest: StopRequest?
  /// Whether this node had sent it a signal.
  var wasSignalled: Bool
  var wasReady: Bool
  var startTimedOut: Bool
  /// Whether the kernel's count of out-of-memory kills had risen.
  var memoryRanOut: Bool
}

extension ExitCause {
  private static let crashSignals: Set<Int32> = [
    SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS,
  ]

  /// The cause that fits the evidence.
  ///
  /// The node's report ranks above the kernel's, and the kernel's above a stop request.
  static func explaining(_ evidence: ExitEvidence) -> Self {
    if evidence.startTimedOut {
      return .couldNotStart(reason: "it did not report that it was ready in time")
    }
    switch evidence.outcome {
    case .result where evidence.status == .exited(0) || evidence.saidGoodbye: return .completed
    case .failure(let failure): return .failed(type: failure.typeName, text: failure.text)
    case .exit(let code) where evidence.status == .exited(code): return .exited(code: code)
    default: break
    }
    switch evidence.status {
    case .exited(let code): return explaining(code: code, evidence)
    case .signaled(let signal, _): return explaining(signal: signal, evidence)
    }
  }

  private static func explaining(code: Int32, _ evidence: ExitEvidence) -> Self {
    if let request = evidence.stopRequest, evidence.saidGoodbye { return .stopped(request) }
    if evidence.outcome == .cancelled, let request = evidence.stopRequest {
      return .stopped(request)
    }
    guard evidence.wasReady else {
      return .couldNotStart(reason: "it exited with code \(code) before it was ready")
    }
    return .exitedWithoutResult(code: code)
  }

  private static func explaining(signal: Int32, _ evidence: ExitEvidence) -> Self {
    if let request = evidence.stopRequest, evidence.wasSignalled,
      signal == SIGTERM || signal == SIGKILL
    {
      return .terminated(request, signal: signal)
    }
    guard evidence.wasReady else {
      let name = SignalName.name(of: signal)
      return .couldNotStart(reason: "it ended by \(name) before it was ready")
    }
    if crashSignals.contains(signal) { return .crashed(signal: signal) }
    if signal == SIGKILL, evidence.memoryRanOut { return .outOfMemory }
    return .killed(signal: signal)
  }
}
