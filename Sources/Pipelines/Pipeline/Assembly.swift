internal import ProcessTree

/// A pipeline while its channels and workers are being laid out.
final class Assembly {
  let node: Node
  let plan: PipelinePlan
  private(set) var slots: [WorkerSeat] = []
  /// For each stage, and last for the end, what is to be done when nothing more comes for it.
  private(set) var closers: [@Sendable () -> Void]

  init(_ plan: PipelinePlan, at node: Node) {
    self.plan = plan
    self.node = node
    closers = Array(repeating: {}, count: plan.stages.count + 1)
  }

  func add(_ slot: WorkerSeat) { slots.append(slot) }

  /// Does something when all that feeds a stage has ended.
  func whenFed(_ stage: Int, _ body: @escaping @Sendable () -> Void) { closers[stage] = body }
}

/// The place of a worker, in which one node after the other may work, or none.
struct WorkerSeat: Sendable {
  /// A worker keeps nothing that would have to be saved: it is asked, and soon it is told.
  static let stopPolicy = StopPolicy(ask: .milliseconds(500), terminate: .milliseconds(500))

  let stage: Int
  /// Its number among all workers of the pipeline.
  let worker: Int
  let name: String
  /// Starts a node.
  let start: @Sendable (ChildGroup<WorkerCounters>) async throws -> Child<WorkerCounters>
}
