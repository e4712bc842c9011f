internal import ProcessTree
internal import ProcessTreeBase

/// A message to the worker of a command: how many envelopes that it has made by itself, from the first on, have come
/// to the end of the pipeline.
struct FlowWord: Codable, Sendable {
  var arrived: UInt64
}

/// Holds the output of a command together on its way, so that few envelopes wait somewhere for one before them.
struct FlowGate: Sendable {
  private let arrived = Protected<UInt64>(0)

  /// Waits until an envelope may leave.
  ///
  /// - Throws: `CancellationError`.
  func waitForRoom(_ number: UInt64) async throws {
    try await arrived.wait(until: { number - min($0, number) < PipelinePlan.flowLimit })
  }

  /// Notes what the run says, for as long as `body` works.
  func listening(in node: Node, while body: @escaping @Sendable () async throws -> Void)
    async throws
  {
    try await withThrowingTaskGroup(of: Bool.self) { tasks in
      tasks.addTask {
        try await body()
        return true
      }
      tasks.addTask {
        guard let words = try await node.parent?.messages(of: FlowWord.self) else { return false }
        for try await word in words { arrived.withLock { $0 = max($0, word.arrived) } }
        return false
      }
      defer { tasks.cancelAll() }
      while let isOver = try await tasks.next(), !isOver {}
    }
  }
}
