internal import Synchronization

/// Lets the end of the input pass from stage to stage: when all that feeds a stage has ended, nothing
/// more comes for it.
final class StageProgress: Sendable {
  private let plan: PipelinePlan
  private let closers: [@Sendable () -> Void]
  /// Workers that have not come to their end, by stage.
  private let working: Mutex<[Int]>

  init(_ plan: PipelinePlan, closers: [@Sendable () -> Void]) {
    self.plan = plan
    self.closers = closers
    working = Mutex(plan.stages.map(\.workers.count))
  }

  /// The source has nothing more.
  func sourceEnded() {
    for stage in plan.stages where stage.feeders.isEmpty { closers[stage.index]() }
  }

  /// A worker has come to its end.
  func workerEnded(ofStage stage: Int) {
    let ended = working.withLock { working in
      working[stage] -= 1
      return working.map { $0 == 0 }
    }
    guard ended[stage] else { return }
    let inputs = plan.stages.map(\.feeders) + [plan.last]
    for (place, feeders) in inputs.enumerated() where feeders.contains(stage) {
      if feeders.allSatisfy({ ended[$0] }) { closers[place]() }
    }
  }
}
