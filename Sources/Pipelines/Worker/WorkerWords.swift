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

/// What a worker says to the node that runs the pipeline.
enum WorkerWord: Codable, Sendable {
  /// What it has done so far.
  case counters(WorkerCounters)
  /// It is about to begin this again, and waits for the permission.
  case beginning(Mark)
  /// It is through with what it had named, and waits as well.
  case passed
  /// The stage failed with the input of this number; the error itself follows as the node's.
  case failed(input: UInt64?)
}

/// What a worker has in hands.
struct Mark: Hashable, Sendable, Codable {
  var envelope: EnvelopeID
  /// The item's place in the envelope; nil for the envelope as a whole.
  var item: Int?
  /// The number of the source's input that the item came of, where there is one.
  var input: UInt64?
}

/// How a worker may process an envelope.
struct Permission: Hashable, Sendable, Codable {
  /// Whether it has to ask for each item.
  var isItemByItem: Bool
  /// The places of items to leave out.
  var skipped: [Int]
}
