internal import DequeModule
internal import ProcessTreeStages
internal import ProcessTreeSupervision

/// Items that wait together for a worker.
struct WorkPiece: Equatable, Sendable {
  var items: Range<Int>
  /// Whether each travels by itself, because one of them may be at fault and nobody knows which.
  var goesOneByOne = false
}

/// One call's items, as the dispatcher knows them: by their numbers from 0 on.
///
/// Each is in one place: pending, delayed, in a batch, or settled.
struct Job<Report: Sendable>: Sendable {
  let kind: PoolState<Report>.KindID
  let policy: JobPolicy
  var pending = Deque<WorkPiece>()
  private(set) var pendingCount = 0
  /// Items that wait for their next try.
  var delayedCount = 0
  /// Items in batches, and how many batches.
  var outCount = 0
  var batchCount = 0
  var submitted = 0
  var settled = 0
  /// Settled items whose outcome has been taken.
  var handed = 0
  var inputsEnded = false
  /// Whether nobody waits for outcomes any more.
  var isAbandoned = false
  /// Whether items were dropped because the pool shuts down.
  var wasCutShort = false
  var sizer: BatchSizer
  /// How often items have been tried that did not succeed at first.
  var attempts: [Int: Int] = [:]
  /// The ends of workers that died at this item.
  var deaths: [Int: [Report]] = [:]

  /// - Parameter startsSmall: Whether a worker should not get inputs that it may return, because it
  ///   is replaced after a number of them.
  init(kind: PoolState<Report>.KindID, policy: JobPolicy, workers: Int, startsSmall: Bool) {
    self.kind = kind
    self.policy = policy
    // The journey of a batch costs about a tenth of the time at which its size aims.
    sizer = BatchSizer(
      aim: .microseconds(500), growth: 4,
      limit: policy.inFlight.map { $0 / max(1, 4 * workers) } ?? .max,
      first: startsSmall ? 1 : policy.firstBatch(workers: workers))
  }

  /// Whether every input has its outcome and no more come.
  var isComplete: Bool { inputsEnded && settled == submitted }

  mutating func enqueue(_ piece: WorkPiece, first: Bool = false) {
    guard !piece.items.isEmpty else { return }
    pendingCount += piece.items.count
    guard !first else { return pending.prepend(piece) }
    guard let last = pending.last, !last.goesOneByOne, !piece.goesOneByOne,
      last.items.upperBound == piece.items.lowerBound
    else { return pending.append(piece) }
    pending[pending.count - 1].items = last.items.lowerBound..<piece.items.upperBound
  }

  /// Takes the items of the next batch.
  mutating func takeBatch(workers: Int, atMost bound: Int) -> WorkPiece? {
    guard var piece = pending.popFirst() else { return nil }
    let remaining = policy.count.map { max(0, $0 - submitted) + pendingCount }
    let size =
      policy.deadline != nil || piece.goesOneByOne
      ? 1 : sizer.next(remaining: remaining, workers: workers)
    let count = max(1, min(size, bound, piece.items.count))
    if count < piece.items.count {
      var rest = piece
      rest.items = (piece.items.lowerBound + count)..<piece.items.upperBound
      pending.prepend(rest)
      piece.items = piece.items.lowerBound..<(piece.items.lowerBound + count)
    }
    pendingCount -= count
    return piece
  }

  /// Forgets the items that no worker has.
  mutating func dropPending() {
    pending.removeAll()
    pendingCount = 0
  }

  /// How many more inputs should be taken now.
  ///
  /// Enough for the workers to have a batch each at hand, and one on the way where batches are
  /// short. Never more than four batches a worker are under way.
  func demand(workers: Int) -> Int {
    guard !inputsEnded, !isAbandoned, !wasCutShort else { return 0 }
    let batch = policy.deadline == nil ? sizer.next() : 1
    guard pendingCount < batch * workers else { return 0 }
    let level = (sizer.isShort ? 3 : 2) * workers * batch
    let bound = min(policy.inFlight ?? .max, 4 * workers * batch)
    return max(
      0, min(level - pendingCount - outCount - delayedCount, bound - (submitted - handed)))
  }
}

/// How the items of one call are treated.
struct JobPolicy: Sendable {
  /// How often an item is tried whose body throws.
  var attempts = 1
  /// The wait before the second try; doubled with each further one.
  var backoff: Duration = .zero
  var longestBackoff: Duration = .seconds(30)
  /// How long an item may take.
  var deadline: Duration?
  /// How many inputs there are, where that is known.
  var count: Int?
  /// The most inputs that have been taken and whose outcome has not been handed over.
  var inFlight: Int?

  /// How many inputs a batch has before any has come back: of many inputs, a small part of what a
  /// worker has to do in all.
  ///
  /// A worker returns what it has not begun after some milliseconds, so inputs that take long cost
  /// no more than a second journey for the others.
  fileprivate func firstBatch(workers: Int) -> Int {
    count.map { min(1_024, $0 / (64 * max(1, workers))) } ?? 1
  }

  /// The wait before an item's next try.
  ///
  /// - Parameters:
  ///   - attempt: How often it was tried.
  ///   - jitter: From 0 to 1; half of the wait depends on it, so that items that failed together
  ///     are not tried again together.
  func delay(after attempt: Int, jitter: Double) -> Duration {
    RestartBackoff(first: backoff, most: longestBackoff, jitter: 0.5)
      .delay(after: attempt - 1, chance: max(0, min(jitter, 1)) / 2)
  }
}
