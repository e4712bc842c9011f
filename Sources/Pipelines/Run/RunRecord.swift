internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeStages

/// The books of a run, shared by the tasks that carry it out.
final class RunRecord: Sendable {
  private struct State {
    var ledger: RunLedger
    var end: PipelineReport?
    /// Asks the workers that live to stop.
    var stops: [Int: @Sendable () -> Void] = [:]
  }

  private let plan: PipelinePlan
  private let time: @Sendable () -> Duration
  private let state: Protected<State>

  init(_ plan: PipelinePlan, at node: Node) throws {
    self.plan = plan
    let start = node.now
    time = { start.duration(to: node.now) }
    state = Protected(State(ledger: try RunLedger(plan, seed: node.makeSeed())))
  }

  /// How the run stands, or how it stood at its end.
  var report: PipelineReport { state.withLock { $0.end ?? $0.ledger.report(after: time()) } }

  /// Keeps the last report.
  func finish() {
    state.withLock { state in
      var report = state.ledger.report(after: time())
      report.isFinished = true
      state.end = report
    }
  }

  /// Looks into the books, or changes them; wakes the feeder if that made room.
  func update<Value>(_ change: (inout RunLedger) throws -> Value) rethrows -> Value {
    try state.withLock { state in
      state.ledger.now = time()
      return try change(&state.ledger)
    }
  }

  /// Waits for the ends of the workers that died at items of an envelope, and decides which items
  /// the next worker leaves out.
  ///
  /// - Throws: `CancellationError`.
  func omission(
    on suspicion: Suspicion, worker: Int, ofStage stage: Int
  ) async throws -> Omission {
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

  // MARK: Workers

  /// Waits for orders about workers; returns none when all stages are over.
  ///
  /// - Throws: `CancellationError`.
  func nextOrders() async throws -> [Crew.Order] {
    try await state.wait { $0.ledger.takeOrders() }
  }

  /// A worker begins to live; `stop` is called when it is no longer wanted.
  func began(_ slot: WorkerSeat, stop: @escaping @Sendable () -> Void) {
    let isLeaving = state.withLock { state in
      state.stops[slot.worker] = stop
      return state.ledger.isLeaving(slot.worker, ofStage: slot.stage)
    }
    if isLeaving { stop() }
  }

  /// Asks a worker to stop; one that has not begun to live is asked then.
  func stop(_ slot: WorkerSeat) {
    let stop = state.withLock { state in
      state.ledger.isLeaving(slot.worker, ofStage: slot.stage) ? state.stops[slot.worker] : nil
    }
    stop?()
  }

  /// Changes the number of a stage's workers.
  func resize(stage: Int, to count: Int) throws(PipelineError) {
    try plan.check(workers: count, ofStage: stage)
    update { $0.resize(stage: stage, to: count) }
  }
}
