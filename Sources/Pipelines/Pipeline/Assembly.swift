internal import ProcessTree
internal import ProcessTreeStages

/// A pipeline while its channels and workers are being laid out.
final class Assembly {
  let node: Node
  let plan: PipelinePlan
  private(set) var slots: [WorkerSeat] = []
  /// For each stage, and last for the end, the action when nothing more comes for it.
  private(set) var closers: [@Sendable () -> Void]

  /// Where workers run whose stage names no other place; nil for where the node does.
  private let hosts: WorkerHosts?

  init(_ plan: PipelinePlan, at node: Node, on place: (any Place)? = nil) {
    hosts = WorkerHosts(place)
    self.plan = plan
    self.node = node
    closers = Array(repeating: {}, count: plan.stages.count + 1)
  }

  func add(_ slot: WorkerSeat) { slots.append(slot) }

  /// Where the workers of a stage run.
  func hosts(at place: (any Place)?) -> WorkerHosts? {
    place == nil ? hosts : WorkerHosts(place)
  }

  /// Does something when all that feeds a stage has ended.
  func whenFed(_ stage: Int, _ body: @escaping @Sendable () -> Void) { closers[stage] = body }
}

/// The place of a worker, in which one node after the other may work, or none.
struct WorkerSeat: Sendable {
  /// A worker keeps nothing that would have to be saved: it is asked to stop, and soon SIGTERM
  /// follows.
  static let stopPolicy = StopPolicy(ask: .milliseconds(500), terminate: .milliseconds(500))

  let stage: Int
  /// Its number among all workers of the pipeline.
  let worker: Int
  let name: String
  /// Where it is; nil for where the run's node is.
  let hosts: WorkerHosts?
  /// Starts a node, on a host if there is one.
  let start: @Sendable (ChildGroup<WorkerCounters>, OpenHost?) async throws -> Child<WorkerCounters>
}
