internal import Glibc
internal import ProcessTreeBase
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
  /// How long it had been silent when this node killed it for that.
  var silence: Duration?
  /// Whether the kernel's count of out-of-memory kills had risen.
  var memoryRanOut: Bool
  /// Whether the process used as much processor time as its limit allows.
  var cpuTimeRanOut = false
  /// Whether it had connected to its parent.
  var wasConnected = false
}

/// How a parent saw the end of a child's process.
enum ProcessEnd {
  case reaped(Reaped)
  /// Other code in the parent has reaped it; how it ended is not known.
  case statusWasTaken
  /// Its host was lost; whether it still runs is not known.
  case hostLost(HostLoss)

  private var reaped: Reaped? {
    if case .reaped(let reaped) = self { reaped } else { nil }
  }

  var status: ExitStatus? { reaped?.status }
  var usage: ResourceUsage? { reaped?.usage }
}

extension ExitCause {
  /// The cause of a child's end.
  ///
  /// - Parameters:
  ///   - end: How its process ended; nil if there never was one.
  ///   - cpuSeconds: The processor time that the process may use; nil for as much as it wants.
  ///   - memoryRanOut: Asked only about a kill that nothing else explains.
  static func explaining(
    _ life: ChildLife<RecordedOutcome>, _ end: ProcessEnd?, cpuSeconds: UInt64? = nil,
    memoryRanOut: () -> Bool
  ) -> Self {
    if let reason = life.startFailure { return .couldNotStart(reason: reason) }
    guard let end else {
      return life.stopRequest.map { .stopped($0) }
        ?? .couldNotStart(reason: "there never was a process")
    }
    if case .hostLost(let loss) = end, !life.saidGoodbye { return .hostLost(loss) }
    guard let status = end.status else {
      return ofUnknownEnd(life.outcome, life.stopRequest)
    }
    let isUnexplainedKill =
      status == .signaled(SIGKILL, coreDumped: false) && !life.wasSignalled
    let cpuTimeRanOut =
      if let cpuSeconds, let usage = end.usage {
        usage.userTime + usage.systemTime >= .seconds(Int64(clamping: cpuSeconds))
      } else { false }
    return explaining(
      ExitEvidence(
        status: status, outcome: life.outcome, saidGoodbye: life.saidGoodbye,
        stopRequest: life.stopRequest, wasSignalled: life.wasSignalled, wasReady: life.wasReady,
        startTimedOut: life.startTimedOut, silence: life.silence,
        memoryRanOut: isUnexplainedKill && !cpuTimeRanOut && memoryRanOut(),
        cpuTimeRanOut: isUnexplainedKill && cpuTimeRanOut, wasConnected: life.isConnected))
  }

  /// The cause as the child reported it itself, of an end whose status is not known.
  private static func ofUnknownEnd(_ outcome: RecordedOutcome?, _ request: StopRequest?) -> Self {
    switch outcome {
    case .result: .completed
    case .failure(let failure): Self(failure)
    case .exit(let code): .exited(code: code)
    case .cancelled, nil: request.map { .stopped($0) } ?? .exitedWithoutResult(code: -1)
    }
  }

  /// The cause of an end by an error of the program, such as that of a command that never came up.
  private init(_ failure: RemoteFailure) {
    let isOwn = failure.path.count <= 1
    self =
      isOwn && failure.underlying(as: CommandError.self)?.code == .neverUp
      ? .couldNotStart(reason: failure.text) : .failed(type: failure.typeName, text: failure.text)
  }

  private static let crashSignals: Set<Int32> = [
    SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS,
  ]

  /// The cause that fits the evidence.
  ///
  /// The node's report ranks above the kernel's, and the kernel's above a stop request.
  static func explaining(_ evidence: ExitEvidence) -> Self {
    if evidence.startTimedOut {
      let cause =
        evidence.wasConnected
        ? "its process had connected, and had not begun its program"
        : "its process had not connected"
      return .couldNotStart(reason: "it did not report that it was ready in time: \(cause)")
    }
    switch evidence.outcome {
    case .result where evidence.status == .exited(0) || evidence.saidGoodbye: return .completed
    case .failure(let failure): return Self(failure)
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
    if signal == SIGKILL, let silence = evidence.silence { return .unresponsive(silence: silence) }
    // A node that kills its command when it is stopped sends its goodbye, and ends as the command
    // did.
    let mayBeAsItsCommand =
      evidence.saidGoodbye && !evidence.memoryRanOut && !evidence.cpuTimeRanOut
    if let request = evidence.stopRequest,
      evidence.wasSignalled && signal == SIGTERM
        || (evidence.wasSignalled || mayBeAsItsCommand) && signal == SIGKILL
    {
      return .terminated(request, signal: signal)
    }
    guard evidence.wasReady else {
      let name = SignalName.name(of: signal)
      return .couldNotStart(reason: "it ended by \(name) before it was ready")
    }
    if signal == SIGXCPU || signal == SIGXFSZ || evidence.cpuTimeRanOut && signal == SIGKILL {
      return .limitExceeded(signal: signal)
    }
    if crashSignals.contains(signal) { return .crashed(signal: signal) }
    if signal == SIGKILL, evidence.memoryRanOut { return .outOfMemory }
    return .killed(signal: signal)
  }
}
