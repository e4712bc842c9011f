/// How far a pool is, over all of its calls since it began.
public struct PoolProgress: Hashable, Sendable, Codable {
  /// Inputs that were taken.
  public var submitted: Int
  /// Inputs in workers' hands.
  public var running: Int
  /// Inputs whose results are there.
  public var completed: Int
  /// Inputs that failed for good.
  public var failed: Int
  /// Tries that were repeated, because of an error or a death.
  public var retried: Int
  /// Of the failed inputs, those that killed their workers.
  public var quarantined: Int
  /// Workers that live, those that start or leave included.
  public var workers: Int
  /// Workers that were started since the beginning.
  public var workersStarted: Int

  /// Makes a record, for tests of code that takes one.
  public init(
    submitted: Int = 0, running: Int = 0, completed: Int = 0, failed: Int = 0, retried: Int = 0,
    quarantined: Int = 0, workers: Int = 0, workersStarted: Int = 0
  ) {
    self.submitted = submitted
    self.running = running
    self.completed = completed
    self.failed = failed
    self.retried = retried
    self.quarantined = quarantined
    self.workers = workers
    self.workersStarted = workersStarted
  }
}

extension PoolProgress: CustomStringConvertible {
  /// The counters in a line.
  public var description: String {
    "\(completed) of \(submitted) done, \(running) running, \(failed) failed, \(retried) retried, "
      + "\(workers) \(workers == 1 ? "worker" : "workers")"
  }
}

extension PoolState {
  var progress: PoolProgress {
    PoolProgress(
      submitted: counters.submitted, running: batches.values.reduce(0) { $0 + $1.items.count },
      completed: counters.completed, failed: counters.failed, retried: counters.retried,
      quarantined: counters.quarantined, workers: workers.count,
      workersStarted: counters.workersStarted)
  }
}
