internal import DequeModule
internal import ProcessTreeBase
internal import ProcessTreeSupervision

/// The dispatcher of a pool as a value: events in, actions out.
///
/// It knows items by number and workers by the kind of work that they can do. Time is passed in, as
/// the time since the pool began. A `Report` describes how a worker ended.
struct PoolState<Report: Sendable>: Sendable {
  typealias JobID = Int
  typealias WorkerID = Int
  typealias BatchID = Int
  typealias KindID = Int

  /// The settings of the whole pool.
  struct Settings: Sendable {
    /// An item at which so many workers died is given up.
    var attempts = 3
    /// A worker is replaced after so many items.
    var recycleAfter: Int?
    /// A worker is replaced when it holds more memory than this, in bytes.
    var memoryLimit: Int?
    /// A worker is replaced so long after it became ready.
    var maximumAge: Duration?
  }

  /// An action that the pool carries out.
  enum Action {
    case startWorker(WorkerID, kind: KindID)
    /// Let the worker end after its batches.
    case retire(WorkerID)
    /// Stop the worker, by force if need be: nobody waits for its work.
    case stop(WorkerID)
    case kill(WorkerID)
    case send(BatchID, of: JobID, items: Range<Int>, to: WorkerID)
    /// An item has failed for good.
    case fail(JobID, item: Int, attempts: Int, Verdict)
    /// The call may go on: it is complete, wants inputs or has been cut short.
    case wake(JobID)
  }

  /// Why an item failed, beside an error of its own.
  enum Verdict {
    /// Each of these workers died at it.
    case killedWorkers([Report])
    case deadline(Duration, Report)
  }

  struct Worker: Sendable {
    let kind: KindID
    var isReady = false
    var readySince: Duration = .zero
    /// Whether it was asked to end, in order or at once; it gets nothing more.
    var isLeaving = false
    /// In the order in which they were given.
    var batches: [BatchID] = []
    /// Items that were given to it.
    var given = 0
  }

  struct Assignment: Sendable {
    let job: JobID
    let worker: WorkerID
    /// The items without an outcome.
    var items: Range<Int>
    /// The first item of the batch as it was sent.
    let first: Int
    let goesOneByOne: Bool
    /// The time at which its worker is killed, because it takes too long or nobody waits for its
    /// work.
    var due: Duration?
    var isOverdue = false
  }

  struct Kind: Sendable {
    /// The calls with pending items, and no others, in the order of their turns.
    var runnable = Turns<JobID>()
  }

  struct Delayed: Sendable {
    let due: Duration
    let job: JobID
    let item: Int
  }

  let settings: Settings
  var size: Int
  var jobs: [JobID: Job<Report>] = [:]
  var workers: [WorkerID: Worker] = [:]
  var batches: [BatchID: Assignment] = [:]
  var kinds: [Kind] = []
  /// Items that wait for their next try, the next one last.
  var delayed: [Delayed] = []
  var actions: [Action] = []
  var counters = Counters()
  /// Workers that ended before they were ready, since the last that was.
  var failedStarts = FailureStreak()
  var nextStart: Duration = .zero
  var isClosed = false
  /// The sequence that the jitter of pauses is drawn from.
  var random: SplitMix64
  private var nextID = 0

  /// Counts since the beginning.
  struct Counters: Equatable, Sendable {
    var submitted = 0
    var completed = 0
    var failed = 0
    var retried = 0
    var quarantined = 0
    var workersStarted = 0
    var workersLost = 0
  }

  init(size: Int, settings: Settings = Settings(), seed: UInt64 = 0) {
    self.size = size
    self.settings = settings
    random = SplitMix64(seed: seed)
  }

  mutating func makeID() -> Int {
    nextID += 1
    return nextID
  }

  mutating func takeActions() -> [Action] {
    defer { actions = [] }
    return actions
  }

  mutating func makeKind() -> KindID {
    kinds.append(Kind())
    return kinds.count - 1
  }

  /// How many inputs there will have been in all, when every call that is open knows its number.
  var expectedTotal: Int? {
    jobs.values.reduce(counters.submitted as Int?) { sum, job in
      guard let sum, let count = job.policy.count else { return nil }
      return sum + max(0, count - job.submitted)
    }
  }

  // MARK: Calls

  mutating func open(kind: KindID, _ policy: JobPolicy) -> JobID {
    let id = makeID()
    jobs[id] = Job(
      kind: kind, policy: policy, workers: size, startsSmall: settings.recycleAfter != nil)
    return id
  }

  /// Notes further inputs of a call.
  mutating func submit(_ count: Int, to id: JobID, at now: Duration) {
    guard var job = jobs[id], !job.isAbandoned, !job.wasCutShort, count > 0 else { return }
    counters.submitted += count
    // Fewer than there was room for are as many as may be taken at a time by their bytes.
    if count < job.demand(workers: size) { job.sizer.limitFirst(to: count) }
    job.enqueue(WorkPiece(items: job.submitted..<(job.submitted + count)))
    job.submitted += count
    jobs[id] = job
    queue(id)
    dispatch(at: now)
  }

  mutating func endInputs(of id: JobID) {
    guard jobs[id] != nil else { return }
    jobs[id]?.inputsEnded = true
    wakeIfComplete(id)
  }

  /// Notes that the caller has taken outcomes.
  mutating func handOver(_ count: Int, of id: JobID) {
    jobs[id]?.handed += count
    wakeForInputs(id)
  }

  /// Notes that nobody waits for the call any more: items that no worker has are dropped, and
  /// nobody waits for the others.
  mutating func close(_ id: JobID, at now: Duration) {
    guard var job = jobs[id], !job.isAbandoned else { return }
    job.isAbandoned = true
    delayed.removeAll { $0.job == id }
    job.delayedCount = 0
    jobs[id] = job
    dropPending(of: id)
    for (number, batch) in batches where batch.job == id {
      batches[number]?.due = now + Self.grace
    }
    removeIfOver(id)
  }

  /// The time that a worker may still spend on a call that nobody waits for, before it is stopped.
  static var grace: Duration { .milliseconds(20) }

  func demand(of id: JobID) -> Int { jobs[id]?.demand(workers: size) ?? 0 }

  mutating func removeIfOver(_ id: JobID) {
    guard let job = jobs[id], job.isAbandoned, job.batchCount == 0 else { return }
    jobs[id] = nil
  }

  mutating func wakeIfComplete(_ id: JobID) {
    if let job = jobs[id], job.isComplete || job.wasCutShort { actions.append(.wake(id)) }
  }

  mutating func queue(_ id: JobID) {
    guard let job = jobs[id], !job.pending.isEmpty else { return }
    kinds[job.kind].runnable.append(id)
  }

  /// Takes a call without pending items out of the queue.
  mutating func unqueue(_ id: JobID) {
    guard let job = jobs[id], job.pending.isEmpty else { return }
    kinds[job.kind].runnable.remove(id)
  }

  private mutating func dropPending(of id: JobID) {
    jobs[id]?.dropPending()
    unqueue(id)
  }

  // MARK: The pool

  mutating func resize(to newSize: Int, at now: Duration) {
    size = newSize
    dispatch(at: now)
    for id in jobs.keys.sorted() { wakeForInputs(id) }
  }

  /// Begins nothing more; workers finish the items that they have.
  mutating func cutShort() {
    isClosed = true
    delayed = []
    for id in jobs.keys.sorted() {
      guard var job = jobs[id], !job.isAbandoned, !job.isComplete else { continue }
      let waiting = job.pendingCount + job.delayedCount
      job.wasCutShort = waiting > 0 || !job.inputsEnded
      job.delayedCount = 0
      jobs[id] = job
      dropPending(of: id)
      wakeIfComplete(id)
    }
  }

  /// Ends the scope: idle workers leave, others are stopped.
  mutating func end() {
    isClosed = true
    for id in workers.keys.sorted() {
      guard let worker = workers[id] else { continue }
      if worker.isReady && worker.batches.isEmpty {
        if !worker.isLeaving { actions.append(.retire(id)) }
      } else {
        actions.append(.stop(id))
      }
      workers[id]?.isLeaving = true
    }
  }

  /// Kills all workers.
  mutating func stopAll() {
    isClosed = true
    for id in workers.keys.sorted() {
      workers[id]?.isLeaving = true
      actions.append(.kill(id))
    }
  }
}
