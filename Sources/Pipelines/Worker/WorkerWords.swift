internal import ProcessTree

/// What a worker says to the node that runs the pipeline, and the answers.
struct WorkerWords {
  var counters = WorkerCounters()
  private let node: Node
  private let parent: ParentNode
  private let stage: String
  private var permissions: EdgeMessages<Permission>.Iterator
  private var said: UInt64 = 0

  /// How often counters are said, at most: every so many nanoseconds.
  private static let interval: UInt64 = 100_000_000

  init(_ node: Node, stage: String) async throws {
    guard let parent = node.parent else { throw WorkerWithoutParent() }
    self.node = node
    self.parent = parent
    self.stage = stage
    permissions = try await parent.messages(of: Permission.self).makeAsyncIterator()
  }

  func say(_ word: WorkerWord) async throws { try await parent.send(word) }

  /// Names what is about to begin and waits for the answer: whatever happens then, it is known.
  mutating func ask(_ mark: Mark) async throws -> Permission {
    try await say(.beginning(mark))
    return try await permissions.next() ?? Permission(isItemByItem: false, skipped: [])
  }

  /// Says that what was named is through.
  mutating func sayPassed() async throws {
    try await say(.passed)
    _ = try await permissions.next()
  }

  /// Says what has been done so far, unless that was said a moment ago.
  mutating func sayCountersIfDue(at time: UInt64) async throws {
    guard time - said >= Self.interval else { return }
    said = time
    try await say(.counters(counters))
    node.report(
      "\(stage): \(counters.processed) items taken, \(counters.emitted) made",
      completed: Int(clamping: counters.processed))
  }
}

/// A worker was started by something else than a pipeline.
struct WorkerWithoutParent: Error {}
