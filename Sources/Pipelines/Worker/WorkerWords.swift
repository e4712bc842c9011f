internal import ProcessTree

/// The messages between a worker and the node that runs the pipeline, at the worker's end.
struct WorkerWords {
  var counters = WorkerCounters()
  private let node: Node
  private let parent: ParentNode
  private let stage: String
  private var answers: EdgeMessages<Omission>.Iterator
  private var said: UInt64 = 0

  /// The time between two reports of counters, at least, in nanoseconds.
  private static let interval: UInt64 = 100_000_000

  init(_ node: Node, stage: String) async throws {
    guard let parent = node.parent else { throw WorkerWithoutParent() }
    self.node = node
    self.parent = parent
    self.stage = stage
    answers = try await parent.messages(of: Omission.self).makeAsyncIterator()
  }

  func say(_ word: WorkerWord) async throws { try await parent.send(word) }

  /// Names the items of an envelope at which workers died.
  ///
  /// - Returns: The items to leave out.
  mutating func ask(_ suspicion: Suspicion) async throws -> Set<Int> {
    try await say(.suspects(suspicion))
    return try await answers.next()?.skipped ?? []
  }

  /// Whether the last report of counters was not a moment ago.
  func isDue(at time: UInt64) -> Bool { time - said >= Self.interval }

  /// Reports the counters of now.
  var sayingCounters: @Sendable () async throws -> Void {
    { [parent, counters] in try await parent.send(WorkerWord.counters(counters)) }
  }

  /// Reports the counters of now with as many items of an envelope as are done.
  var sayingProgress: @Sendable (Int) async -> Void {
    { [parent, counters] done in
      var counters = counters
      counters.begun = UInt64(done)
      // The end of a parent that is not there ends the worker.
      try? await parent.send(WorkerWord.counters(counters))
    }
  }

  /// Reports the counters, unless that happened a moment ago.
  mutating func sayCountersIfDue(at time: UInt64) async throws {
    guard isDue(at: time) else { return }
    said = time
    try await say(.counters(counters))
    node.report(
      "\(stage): \(counters.processed) items taken, \(counters.emitted) made",
      completed: Int(clamping: counters.processed))
  }
}

/// The error of a worker that no pipeline started.
struct WorkerWithoutParent: Error {}

/// A message from a worker to the node that runs the pipeline.
enum WorkerWord: Codable, Sendable {
  /// The work that it has done so far; sent as well before its first envelope, and then.
  case counters(WorkerCounters)
  /// The items of an envelope at which workers died; the worker waits for the answer before it
  /// begins.
  case suspects(Suspicion)
  /// The number of the input with which the stage failed; the error itself follows as the node's.
  case failed(input: UInt64?)
}

/// An envelope, and the deaths of workers at its items.
struct Suspicion: Hashable, Sendable, Codable {
  var envelope: EnvelopeID
  /// How many items the envelope has.
  var count: Int
  var suspects: [Suspect]

  /// The place of an item at which workers died.
  func place(of suspect: Suspect) -> ItemPlace {
    ItemPlace(envelope: envelope, count: count, item: suspect.item, input: suspect.input)
  }
}

/// The death of a worker at an item.
struct Suspect: Hashable, Sendable, Codable {
  /// The worker's position among the children of the run's node.
  var consumer: Int
  /// The item's offset in the envelope.
  var item: Int
  /// The number of the source's input that the item came of, where there is one.
  var input: UInt64?
}

/// The items of an envelope that a worker leaves out.
struct Omission: Hashable, Sendable, Codable {
  var skipped: Set<Int>
}

/// An item that a worker left out of an envelope.
///
/// It travels on with the outputs of the envelope. One that comes twice may have been made whole
/// the first time: then what is known of the second is of no use, and the item has not been left
/// out.
struct OmittedItem: Hashable, Sendable, Codable {
  var worker: Int
  var place: ItemPlace
  /// The item itself, where items are bytes: the run keeps none, because it may never come to its
  /// end.
  var record: [UInt8]?
}
