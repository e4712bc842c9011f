extension PoolState {
  /// A worker has been reaped, after all that it said was taken: what it had goes to others.
  mutating func workerEnded(_ id: WorkerID, _ report: Report, at now: Duration) {
    guard let worker = workers.removeValue(forKey: id) else { return }
    if !worker.isReady, !worker.isLeaving {
      failedStarts += 1
      nextStart = now + Self.pause(after: failedStarts)
    } else if !worker.isLeaving || !worker.batches.isEmpty {
      counters.workersLost += 1
    }
    let held = worker.batches.compactMap { batches.removeValue(forKey: $0) }
    let isAlone = held.reduce(0) { $0 + $1.items.count } == 1
    // The last first, because each goes to the front.
    for batch in held.reversed() {
      jobs[batch.job]?.outCount -= batch.items.count
      jobs[batch.job]?.batchCount -= 1
      if let job = jobs[batch.job], !job.isAbandoned, !batch.items.isEmpty {
        lose(batch, isAlone: isAlone, report, now)
      }
    }
    for batch in held {
      wakeIfComplete(batch.job)
      removeIfOver(batch.job)
    }
    dispatch(at: now)
  }

  /// The wait before the next start after some that failed: 10 ms, doubled each time, 1 s at most.
  private static func pause(after failures: Int) -> Duration {
    .milliseconds(min(1_000, 5 << min(failures, 8)))
  }

  private mutating func lose(
    _ batch: Batch, isAlone: Bool, _ report: Report, _ now: Duration
  ) {
    let id = batch.job
    guard isAlone, let item = batch.items.first else {
      counters.retried += batch.items.count
      for item in batch.items { jobs[id]?.attempts[item, default: 0] += 1 }
      return requeue(Self.split(batch.items), of: id)
    }
    jobs[id]?.attempts[item, default: 0] += 1
    let attempts = jobs[id]?.attempts[item] ?? 1
    if batch.isOverdue, let job = jobs[id], let deadline = job.policy.deadline {
      if attempts < job.policy.attempts {
        counters.retried += 1
        return requeue([WorkPiece(items: batch.items, isSuspect: true)], of: id)
      }
      settleFailed(item, of: id)
      return actions.append(.fail(id, item: item, attempts: attempts, .deadline(deadline, report)))
    }
    jobs[id]?.deaths[item, default: []].append(report)
    let deaths = jobs[id]?.deaths[item] ?? []
    guard deaths.count >= settings.attempts else {
      counters.retried += 1
      return requeue([WorkPiece(items: batch.items, isSuspect: true)], of: id)
    }
    settleFailed(item, of: id)
    counters.quarantined += 1
    actions.append(.fail(id, item: item, attempts: attempts, .killedWorkers(deaths)))
  }

  // MARK: Time

  /// When `tick` has something to do; nil when never.
  var nextDue: Duration? {
    var due = delayed.last?.due
    func consider(_ other: Duration?) {
      if let other, other < due ?? other + .seconds(1) { due = other }
    }
    for batch in batches.values where !batch.isOverdue { consider(batch.due) }
    if nextStart > .zero, kinds.contains(where: { !$0.runnable.isEmpty }) { consider(nextStart) }
    return due
  }

  /// Time has passed.
  mutating func tick(at now: Duration) {
    while let next = delayed.last, next.due <= now {
      delayed.removeLast()
      guard jobs[next.job] != nil else { continue }
      jobs[next.job]?.delayedCount -= 1
      requeue([WorkPiece(items: next.item..<(next.item + 1))], of: next.job)
    }
    for (id, batch) in batches.sorted(by: { $0.key < $1.key })
    where !batch.isOverdue && batch.due.map({ $0 <= now }) ?? false {
      batches[id]?.isOverdue = true
      let isAbandoned = jobs[batch.job]?.isAbandoned ?? true
      workers[batch.worker]?.isLeaving = true
      actions.append(isAbandoned ? .stop(batch.worker) : .kill(batch.worker))
    }
    if nextStart > .zero, nextStart <= now { nextStart = .zero }
    dispatch(at: now)
  }
}
