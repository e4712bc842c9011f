internal import Synchronization

/// The books of a run, shared by the tasks that carry it out.
final class RunRecord: Sendable {
  private struct State {
    var ledger: RunLedger
    /// The task that feeds the pipeline, while there is no room.
    var feeder: UnsafeContinuation<Void, Never>?
    var end: PipelineReport?
  }

  private let state: Mutex<State>
  private let start = ContinuousClock.now

  init(_ plan: PipelinePlan) {
    state = Mutex(State(ledger: RunLedger(plan)))
  }

  /// How the run stands, or how it stood at its end.
  var report: PipelineReport {
    state.withLock { $0.end ?? $0.ledger.report(after: ContinuousClock.now - start) }
  }

  /// Keeps the last report.
  func finish() {
    state.withLock { state in
      var report = state.ledger.report(after: ContinuousClock.now - start)
      report.isFinished = true
      state.end = report
    }
  }

  /// Looks into the books, or changes them; lets the feeder go on when that made room.
  func update<Value>(_ change: (inout RunLedger) throws -> Value) rethrows -> Value {
    let (value, feeder) = try state.withLock { state in
      let value = try change(&state.ledger)
      let feeder = state.ledger.window.hasRoom ? state.feeder.take() : nil
      return (value, feeder)
    }
    feeder?.resume()
    return value
  }

  /// How many inputs the next envelope may hold, once there is room for one.
  ///
  /// Throws `CancellationError`.
  func waitForRoom() async throws -> Int {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        let mustWait = state.withLock { state in
          guard !state.ledger.window.hasRoom, !Task.isCancelled else { return false }
          state.feeder = continuation
          return true
        }
        if !mustWait { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.feeder.take() }?.resume()
    }
    try Task.checkCancellation()
    return state.withLock { $0.ledger.sizer.count }
  }
}
