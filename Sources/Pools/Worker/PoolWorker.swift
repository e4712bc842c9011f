internal import ProcessTree

/// The program of a worker: takes batches from its parent and answers them until none come.
struct PoolWorker<Work: PoolWork, Initializer: PoolInitializer>: NodeProgram {
  var initializer: Initializer?
  var reportsMemory: Bool

  static var spawnsChildren: Bool { Work.spawnsChildren || Initializer.spawnsChildren }

  func run(in node: Node) async throws {
    guard let parent = node.parent else { return }
    try await initializer?.run(in: node)
    try await parent.send(WorkReply<Work.Output>())
    var session = WorkerSession<Work>(parent: parent, node: node, reportsMemory: reportsMemory)
    for try await batch in try await parent.messages(of: WorkBatch<Work>.self) {
      try await session.serve(batch)
      await LoopTurn.pass()
    }
  }
}

/// Lets the node's loop turn once, so that what was sent leaves before the program goes on.
///
/// The main actor's queue is served when the loop looks at its descriptors, which is after it has
/// sent what was waiting. Yielding alone would not do: a job that yields is run again before that.
enum LoopTurn {
  static func pass() async { await onMainActor() }

  @MainActor private static func onMainActor() async {}
}
