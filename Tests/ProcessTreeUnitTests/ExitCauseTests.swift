import Glibc
import ProcessTreeProcessControl
import ProcessTreeSupervision
import Testing

@testable import ProcessTree

/// Testing has an `ExitStatus` of its own.
private typealias Status = ProcessTreeProcessControl.ExitStatus

private let request = StopRequest(requestedBy: "MainProcess", reason: "enough")
private let failure = RemoteFailure(CancellationError(), at: "Process-1")

/// Of a command that never came up, at its node and on its way through the node above.
private let neverUp = RemoteFailure(CommandError(.neverUp, "file x: no"), at: "Process-1")
private let passedOn = RemoteFailure(neverUp, at: "MainProcess")

private func evidence(
  _ status: Status, _ outcome: RecordedOutcome? = nil, goodbye: Bool = false,
  stop: StopRequest? = nil, signalled: Bool = false, ready: Bool = true, late: Bool = false,
  silence: Duration? = nil, memory: Bool = false, cpuTime: Bool = false
) -> ExitEvidence {
  ExitEvidence(
    status: status, outcome: outcome, saidGoodbye: goodbye, stopRequest: stop,
    wasSignalled: signalled, wasReady: ready, startTimedOut: late, silence: silence,
    memoryRanOut: memory, cpuTimeRanOut: cpuTime)
}

private func ended(_ signal: Int32) -> Status { .signaled(signal, coreDumped: false) }

@Suite struct ExitCauseTests {
  fileprivate static let table: [(ExitEvidence, ExitCause)] = [
    // By itself.
    (evidence(.exited(0), .result([]), goodbye: true), .completed),
    (evidence(.exited(0), .result([1])), .completed),
    (evidence(ended(SIGKILL), .result([1]), goodbye: true), .completed),
    (evidence(.exited(0), .result([1]), goodbye: true, stop: request), .completed),
    (
      evidence(ended(SIGTERM), .result([1]), goodbye: true, stop: request, signalled: true),
      .completed
    ),
    (
      evidence(.exited(1), .failure(failure), goodbye: true),
      .failed(type: failure.typeName, text: failure.text)
    ),
    (
      evidence(ended(SIGKILL), .failure(failure), stop: request, signalled: true),
      .failed(type: failure.typeName, text: failure.text)
    ),
    (evidence(.exited(3), .exit(3), goodbye: true), .exited(code: 3)),
    (evidence(.exited(0), .exit(0), goodbye: true, stop: request), .exited(code: 0)),
    // Success is reported, not inferred.
    (evidence(.exited(0)), .exitedWithoutResult(code: 0)),
    (evidence(.exited(7)), .exitedWithoutResult(code: 7)),
    (evidence(.exited(7), .result([])), .exitedWithoutResult(code: 7)),
    (evidence(.exited(4), .exit(3)), .exitedWithoutResult(code: 4)),
    (evidence(ended(SIGSEGV), .exit(3)), .crashed(signal: SIGSEGV)),
    (evidence(ended(SIGSEGV), .result([1])), .crashed(signal: SIGSEGV)),
    // Asked to stop.
    (evidence(.exited(0), .cancelled, goodbye: true, stop: request), .stopped(request)),
    (evidence(.exited(0), .cancelled, stop: request), .stopped(request)),
    (evidence(.exited(0), goodbye: true, stop: request), .stopped(request)),
    (evidence(.exited(0), stop: request), .exitedWithoutResult(code: 0)),
    (
      evidence(ended(SIGTERM), stop: request, signalled: true),
      .terminated(request, signal: SIGTERM)
    ),
    (
      evidence(ended(SIGKILL), stop: request, signalled: true, memory: true),
      .terminated(request, signal: SIGKILL)
    ),
    (
      evidence(ended(SIGKILL), .cancelled, stop: request, signalled: true),
      .terminated(request, signal: SIGKILL)
    ),
    (
      evidence(ended(SIGKILL), stop: request, signalled: true, ready: false),
      .terminated(request, signal: SIGKILL)
    ),
    // As its command, which the node had to kill.
    (
      evidence(ended(SIGKILL), .cancelled, goodbye: true, stop: request),
      .terminated(request, signal: SIGKILL)
    ),
    (evidence(ended(SIGKILL), goodbye: true, stop: request, memory: true), .outOfMemory),
    (evidence(ended(SIGKILL), goodbye: true), .killed(signal: SIGKILL)),
    (evidence(ended(SIGTERM), goodbye: true, stop: request), .killed(signal: SIGTERM)),
    // A signal that was not ours, although somebody asked for a stop.
    (evidence(ended(SIGKILL), stop: request), .killed(signal: SIGKILL)),
    (evidence(ended(SIGSEGV), stop: request, signalled: true), .crashed(signal: SIGSEGV)),
    (evidence(ended(SIGHUP), stop: request, signalled: true), .killed(signal: SIGHUP)),
    // Signals.
    (evidence(ended(SIGKILL)), .killed(signal: SIGKILL)),
    (evidence(ended(SIGTERM)), .killed(signal: SIGTERM)),
    (evidence(ended(SIGKILL), memory: true), .outOfMemory),
    (evidence(ended(SIGTERM), memory: true), .killed(signal: SIGTERM)),
    (evidence(ended(40)), .killed(signal: 40)),
    (evidence(ended(SIGXCPU)), .limitExceeded(signal: SIGXCPU)),
    (evidence(ended(SIGXFSZ)), .limitExceeded(signal: SIGXFSZ)),
    (evidence(ended(SIGKILL), cpuTime: true), .limitExceeded(signal: SIGKILL)),
    (evidence(ended(SIGTERM), cpuTime: true), .killed(signal: SIGTERM)),
    (
      evidence(ended(SIGKILL), stop: request, signalled: true, cpuTime: true),
      .terminated(request, signal: SIGKILL)
    ),
    (evidence(.signaled(SIGABRT, coreDumped: true)), .crashed(signal: SIGABRT)),
    // Hung, and killed for that.
    (
      evidence(ended(SIGKILL), signalled: true, silence: .seconds(2)),
      .unresponsive(silence: .seconds(2))
    ),
    (
      evidence(ended(SIGKILL), stop: request, signalled: true, silence: .seconds(2)),
      .unresponsive(silence: .seconds(2))
    ),
    (
      evidence(ended(SIGKILL), .failure(failure), signalled: true, silence: .seconds(2)),
      .failed(type: failure.typeName, text: failure.text)
    ),
    (evidence(ended(SIGSEGV), signalled: true, silence: .seconds(2)), .crashed(signal: SIGSEGV)),
    // Never begun.
    (
      evidence(.exited(0), .result([1]), goodbye: true, late: true),
      .couldNotStart(
        reason: "it did not report that it was ready in time: its process had not connected")
    ),
    (evidence(.exited(1), .failure(neverUp)), .couldNotStart(reason: "file x: no")),
    (
      evidence(.exited(1), .failure(passedOn)),
      .failed(type: neverUp.typeName, text: "file x: no")
    ),
    (
      evidence(.exited(1), ready: false),
      .couldNotStart(reason: "it exited with code 1 before it was ready")
    ),
    (
      evidence(ended(SIGSEGV), ready: false),
      .couldNotStart(reason: "it ended by SIGSEGV before it was ready")
    ),
  ]

  @Test(arguments: table.indices)
  func theCauseFollowsFromTheEvidence(_ row: Int) {
    let (evidence, cause) = Self.table[row]
    #expect(ExitCause.explaining(evidence) == cause, "\(evidence)")
  }

  @Test(arguments: [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS])
  func crashesAreTold(_ signal: Int32) {
    #expect(ExitCause.explaining(evidence(ended(signal))) == .crashed(signal: signal))
  }

  /// All evidence there is, for rules that hold in any order of the questions.
  @Test func noCauseIsInvented() {
    let statuses: [Status] = [
      .exited(0), .exited(1), .exited(3), ended(SIGKILL), ended(SIGTERM), ended(SIGSEGV),
      ended(SIGHUP), ended(SIGXCPU),
    ]
    let outcomes: [RecordedOutcome?] = [
      nil, .result([]), .failure(failure), .exit(0), .exit(3), .cancelled,
    ]
    for status in statuses {
      for outcome in outcomes {
        for bits in 0..<256 {
          func bit(_ place: Int) -> Bool { bits >> place & 1 == 1 }
          let given = evidence(
            status, outcome, goodbye: bit(0), stop: bit(1) ? request : nil, signalled: bit(2),
            ready: bit(3), late: bit(4), silence: bit(6) ? .seconds(2) : nil, memory: bit(5),
            cpuTime: bit(7))
          let cause = ExitCause.explaining(given)
          #expect(holds(cause, given), "\(cause) of \(given)")
        }
      }
    }
  }

  private func holds(_ cause: ExitCause, _ given: ExitEvidence) -> Bool {
    if given.startTimedOut, case .couldNotStart = cause { return true }
    guard !given.startTimedOut else { return false }
    switch cause {
    case .completed: return given.outcome == .result([])
    case .failed: return given.outcome == .failure(failure)
    case .exited(let code): return given.outcome == .exit(code) && given.status == .exited(code)
    case .stopped(let by): return by == given.stopRequest && given.status.exitCode >= 0
    case .terminated(let by, let signal):
      return by == given.stopRequest && given.status == ended(signal)
        && (given.wasSignalled && signal == SIGTERM
          || (given.wasSignalled || given.saidGoodbye) && signal == SIGKILL)
    case .crashed(let signal): return given.wasReady && given.status == ended(signal)
    case .killed(let signal): return given.status == ended(signal) && given.wasReady
    case .limitExceeded(let signal):
      return given.status == ended(signal) && given.wasReady
        && (signal != SIGKILL || given.cpuTimeRanOut)
    case .outOfMemory: return given.memoryRanOut && given.status == ended(SIGKILL)
    case .unresponsive(let silence):
      return given.silence == silence && given.status == ended(SIGKILL)
    case .exitedWithoutResult(let code): return given.wasReady && given.status == .exited(code)
    case .couldNotStart: return !given.wasReady
    // Never of a process whose status is known.
    case .hostLost: return false
    }
  }

  @Test func causesSayWhatTheyMean() {
    #expect(ExitCause.completed.isSuccess && ExitCause.exited(code: 0).isSuccess)
    #expect(!ExitCause.exitedWithoutResult(code: 0).isSuccess)
    #expect(ExitCause.stopped(request).isStop && ExitCause.terminated(request, signal: 9).isStop)
    #expect(!ExitCause.killed(signal: SIGKILL).isStop && !ExitCause.completed.isStop)
    #expect(
      "\(ExitCause.terminated(request, signal: SIGKILL))"
        == "ended by SIGKILL after MainProcess asked it to stop: enough")
    #expect(
      "\(ExitCause.unresponsive(silence: .milliseconds(2_140)))"
        == "stopped answering for 2.1 s; killed by its parent")
    #expect("\(ExitCause.killed(signal: 40))" == "killed by signal 40 from outside the tree")
  }
}
