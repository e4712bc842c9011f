internal import ProcessTreeBase
internal import ProcessTreeStages

/// The books of a run, shared by the tasks that carry it out.
final class RunRecord: Sendable {
  private struct State {
    var ledger: RunLedger
    var end: PipelineReport?
  }

  private let state: Protected<State>
  private let start = ContinuousClock.now

  init(_ plan: PipelinePlan) {
    state = Protected(State(ledger: RunLedger(plan)))
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

  /// Looks into the books, or changes them; wakes the feeder if that made room.
  func update<Value>(_ change: (inout RunLedger) throws -> Value) rethrows -> Value {
    try state.withLock { try change(&$0.ledger) }
  }

  /// Waits for the ends of the workers that died at items of an envelope, and decides which items the next
  /// worker leaves out.
  ///
  /// - Throws: `CancellationError`.
  func verdict(
    on suspicion: Suspicion, worker: Int, ofStage stage: Int
  ) async throws -> RunLedger.Verdict {
    try await state.wait { $0.ledger.judge(suspicion, worker: worker, ofStage: stage) }
  }

  /// How many inputs the next envelope may hold, once there is room for one.
  ///
  /// - Throws: `CancellationError`.
  func waitForRoom() async throws -> Int {
    try await state.wait { state in
      state.ledger.window.hasRoom ? state.ledger.sizer.next() : nil
    }
  }
}
