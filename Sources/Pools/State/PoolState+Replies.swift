internal import ProcessTreeStages
internal import ProcessTreeSupervision

/// A worker's answer for a batch, without the outputs.
struct BatchProgress: Equatable, Sendable {
  /// How many further items are done.
  var done: Int
  /// Whether the item after those failed, and whether its error may be tried again.
  var failure: Failure?
  /// Whether this is the last answer: the worker has not begun the items that are left, and returns
  /// them.
  var isLast: Bool
  /// How long these items took.
  var nanoseconds = 0
  /// The memory of the worker, in bytes.
  var residentBytes = 0

  enum Failure: Equatable, Sendable {
    case final
    /// - Parameter jitter: From 0 to 1.
    case retryable(jitter: Double)
  }
}

extension PoolState {
  /// The part of a worker's answer that counts.
  struct Acceptance: Equatable, Sendable {
    /// The items whose outputs count.
    var done: Range<Int>
    /// The item that failed for good, and how often it was tried.
    var failed: (item: Int, attempts: Int)?

    static func == (left: Self, right: Self) -> Bool {
      left.done == right.done && left.failed?.item == right.failed?.item
        && left.failed?.attempts == right.failed?.attempts
    }
  }

  /// Notes that a worker has begun to take work.
  mutating func workerReady(_ id: WorkerID, at now: Duration) {
    guard workers[id]?.isReady == false else { return }
    workers[id]?.isReady = true
    workers[id]?.readySince = now
    failedStarts = FailureStreak()
    nextStart = .zero
    dispatch(at: now)
  }

  /// Notes a worker's answer for a batch.
  ///
  /// - Returns: The part that counts; nil if nobody waits for it, or if the batch is not the
  ///   worker's.
  mutating func reply(
    _ progress: BatchProgress, to id: BatchID, from worker: WorkerID, at now: Duration
  ) -> Acceptance? {
    guard var batch = batches[id], batch.worker == worker else { return nil }
    let count = min(progress.done, batch.items.count)
    let done = batch.items.lowerBound..<(batch.items.lowerBound + count)
    batch.items = done.upperBound..<batch.items.upperBound
    var failed: (item: Int, attempts: Int)?
    var answered = count
    if let failure = progress.failure, let item = batch.items.first {
      batch.items = (item + 1)..<batch.items.upperBound
      answered += 1
      failed = settle(item, failure, of: batch.job, now)
    }
    batches[id] = batch
    let counts = jobs[batch.job].map { !$0.isAbandoned } ?? false
    settle(done, answered: answered, of: batch.job)
    jobs[batch.job]?.sizer.record(items: answered, nanoseconds: progress.nanoseconds)
    if progress.isLast { giveBack(id) }
    if let limit = settings.memoryLimit, progress.residentBytes > limit { retire(worker) }
    wakeIfComplete(batch.job)
    wakeForInputs(batch.job)
    removeIfOver(batch.job)
    dispatch(at: now)
    return counts ? Acceptance(done: done, failed: failed) : nil
  }

  private mutating func settle(_ items: Range<Int>, answered: Int, of id: JobID) {
    guard var job = jobs[id] else { return }
    job.outCount -= answered
    if !job.isAbandoned {
      job.settled += items.count
      counters.completed += items.count
    }
    if !job.attempts.isEmpty {
      for item in items {
        job.attempts[item] = nil
        job.deaths[item] = nil
      }
    }
    jobs[id] = job
  }

  /// Notes that an item's body has thrown.
  ///
  /// - Returns: The item with its attempts; nil if it will be tried again.
  private mutating func settle(
    _ item: Int, _ failure: BatchProgress.Failure, of id: JobID, _ now: Duration
  ) -> (item: Int, attempts: Int)? {
    guard let job = jobs[id], !job.isAbandoned else { return nil }
    let attempt = (job.attempts[item] ?? 0) + 1
    if case .retryable(let jitter) = failure, attempt < job.policy.attempts, !isClosed {
      jobs[id]?.attempts[item] = attempt
      counters.retried += 1
      delay(item, of: id, until: now + job.policy.delay(after: attempt, jitter: jitter))
      return nil
    }
    settleFailed(item, of: id)
    return (item, attempt)
  }

  mutating func settleFailed(_ item: Int, of id: JobID) {
    jobs[id]?.attempts[item] = nil
    jobs[id]?.deaths[item] = nil
    jobs[id]?.settled += 1
    counters.failed += 1
  }

  /// Takes back the items that a batch still holds.
  private mutating func giveBack(_ id: BatchID) {
    guard let batch = batches.removeValue(forKey: id) else { return }
    workers[batch.worker]?.batches.removeAll { $0 == id }
    jobs[batch.job]?.outCount -= batch.items.count
    jobs[batch.job]?.batchCount -= 1
    workers[batch.worker]?.given -= batch.items.count
    guard !batch.items.isEmpty else { return }
    requeue(batch.items, of: batch.job, oneByOne: batch.goesOneByOne)
  }

  /// Puts items back in front of all that wait, in their order.
  ///
  /// - Parameter goesOneByOne: Whether one of them is at fault and nobody knows which.
  mutating func requeue(_ items: Range<Int>, of id: JobID, oneByOne goesOneByOne: Bool = false) {
    guard let job = jobs[id], !job.isAbandoned, !items.isEmpty else { return }
    guard !isClosed else {
      jobs[id]?.wasCutShort = true
      return
    }
    jobs[id]?.enqueue(WorkPiece(items: items, goesOneByOne: goesOneByOne), first: true)
    queue(id)
  }

  /// Notes that a batch could not be encoded: its items travel one by one, or a single one fails.
  mutating func notSendable(_ id: BatchID, at now: Duration) -> Acceptance? {
    guard let batch = batches.removeValue(forKey: id) else { return nil }
    workers[batch.worker]?.batches.removeAll { $0 == id }
    workers[batch.worker]?.given -= batch.items.count
    jobs[batch.job]?.outCount -= batch.items.count
    jobs[batch.job]?.batchCount -= 1
    var acceptance: Acceptance?
    if batch.items.count > 1 {
      requeue(batch.items, of: batch.job, oneByOne: true)
    } else if let item = batch.items.first, let job = jobs[batch.job], !job.isAbandoned {
      let attempts = (job.attempts[item] ?? 0) + 1
      settleFailed(item, of: batch.job)
      acceptance = Acceptance(
        done: batch.items.lowerBound..<batch.items.lowerBound, failed: (item, attempts))
    }
    wakeIfComplete(batch.job)
    wakeForInputs(batch.job)
    removeIfOver(batch.job)
    dispatch(at: now)
    return acceptance
  }

  private mutating func delay(_ item: Int, of id: JobID, until due: Duration) {
    jobs[id]?.delayedCount += 1
    let place = delayed.partitioningIndex { $0.due <= due }
    delayed.insert(Delayed(due: due, job: id, item: item), at: place)
  }
}

extension Array {
  /// The first index whose element, and every later one, fulfils the predicate.
  func partitioningIndex(where belongs: (Element) -> Bool) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = low + (high - low) / 2
      if belongs(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
