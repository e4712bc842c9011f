internal import ProcessTreeBase

/// Orders starts and stops of workers as their stages need them, and passes the end of the input from stage
/// to stage: if all that feeds a stage has ended, nothing more comes for it.
final class StageCrews: Sendable {
  private struct State {
    var crews: [Crew]
    /// Workers that are to be started, by their numbers.
    var starts: [Int] = []
    /// Asks the workers that live to stop.
    var stops: [Int: @Sendable () -> Void] = [:]

    var isOver: Bool { crews.allSatisfy(\.isOver) }
  }

  private let plan: PipelinePlan
  private let closers: [@Sendable () -> Void]
  private let record: RunRecord
  private let state: Protected<State>

  init(_ plan: PipelinePlan, closers: [@Sendable () -> Void], record: RunRecord) {
    self.plan = plan
    self.closers = closers
    self.record = record
    var state = State(
      crews: plan.stages.map { Crew(count: $0.description.workers, most: $0.workers.count) })
    // Receivers start before their senders.
    for stage in plan.stages.reversed() {
      state.starts += state.crews[stage.index].begin().start.map { stage.workers.lowerBound + $0 }
    }
    self.state = Protected(state)
  }

  // MARK: The ends of inputs

  /// The source has nothing more.
  func sourceEnded() { endFeed(of: plan.stages.filter(\.feeders.isEmpty).map(\.index)) }

  private func endFeed(of stages: [Int]) {
    // Noted first: a worker that finds the end is known to have come after it.
    state.withLock { state in
      for stage in stages where stage < plan.stages.count { state.crews[stage].feedEnded() }
    }
    for stage in stages { closers[stage]() }
  }

  // MARK: Workers

  /// The numbers of workers that are to be started, once there are some; none when all stages are
  /// over.
  ///
  /// - Throws: `CancellationError`.
  func nextStarts() async throws -> [Int] {
    try await state.wait { state in
      guard !state.starts.isEmpty || state.isOver else { return nil }
      defer { state.starts = [] }
      return state.starts
    }
  }

  /// A worker begins to live, perhaps again; `stop` is called when it is no longer wanted.
  func began(_ slot: WorkerSeat, stop: @escaping @Sendable () -> Void) {
    let isLeaving = state.withLock { state in
      state.stops[slot.worker] = stop
      return state.crews[slot.stage].isLeaving(place(of: slot))
    }
    if isLeaving { stop() }
  }

  /// Whether a worker was asked to stop.
  func isLeaving(_ slot: WorkerSeat) -> Bool {
    state.withLock { $0.crews[slot.stage].isLeaving(place(of: slot)) }
  }

  /// A worker has come to its end.
  func finished(_ slot: WorkerSeat) {
    let (isOver, areOver) = change(slot.stage) { state in
      state.stops[slot.worker] = nil
      return state.crews[slot.stage].finish(place(of: slot))
    }
    guard isOver else { return }
    let inputs = plan.stages.map(\.feeders) + [plan.last]
    endFeed(
      of: inputs.indices.filter { place in
        inputs[place].contains(slot.stage) && inputs[place].allSatisfy { areOver[$0] }
      })
  }

  /// A worker has gone that was asked to stop.
  func left(_ slot: WorkerSeat) {
    _ = change(slot.stage) { state in
      state.stops[slot.worker] = nil
      return state.crews[slot.stage].leave(place(of: slot))
    }
  }

  /// Changes the number of a stage's workers.
  func resize(stage: Int, to count: Int) throws(PipelineError) {
    try plan.check(workers: count, ofStage: stage)
    _ = change(stage) { state in
      let orders = state.crews[stage].resize(to: count)
      // Under the lock, so that of several changes the last one stays in the books.
      let present = state.crews[stage].count
      record.update { $0.employ(present, atStage: stage) }
      return orders
    }
  }

  private func place(of slot: WorkerSeat) -> Int {
    slot.worker - plan.stages[slot.stage].workers.lowerBound
  }

  /// Changes a stage's crew and carries out its orders.
  ///
  /// - Returns: Whether the stage is over now, and which stages are.
  private func change(
    _ stage: Int, _ body: (inout State) -> Crew.Orders
  ) -> (isOver: Bool, areOver: [Bool]) {
    let first = plan.stages[stage].workers.lowerBound
    let (stops, areOver) = state.withLock { state in
      let orders = body(&state)
      state.starts += orders.start.map { first + $0 }
      return (orders.stop.compactMap { state.stops[first + $0] }, state.crews.map(\.isOver))
    }
    for stop in stops { stop() }
    return (areOver[stage], areOver)
  }
}
