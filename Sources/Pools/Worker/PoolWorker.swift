internal import ProcessTree
internal import ProcessTreeStages

/// The program of a worker: takes batches from its parent and answers them until none come.
struct PoolWorker<Work: Step, Initializer: PoolInitializer>: NodeProgram {
  var initializer: Initializer?
  var reportsMemory: Bool

  static var spawnsChildren: Bool { Work._traits.spawnsChildren || Initializer.spawnsChildren }
  static var worksSynchronously: Bool { !Work._traits.suspends }

  func run(in node: Node) async throws {
    guard let parent = node.parent else { return }
    try await initializer?.run(in: node)
    let notebook = WorkNotebook(of: node)
    var ready = WorkReply<Work.Output>()
    ready.notebook = notebook?.name
    try await parent.send(ready)
    var session = WorkerSession<Work>(
      parent: parent, node: node, notebook: notebook, reportsMemory: reportsMemory)
    for try await batch in try await parent.messages(of: WorkBatch<Work>.self) {
      try await session.serve(batch)
      // The reply leaves before the next batch begins.
      node.flush()
    }
  }
}
