internal import ProcessTreeBase
internal import ProcessTreeSupervision

extension PoolState {
  /// Notes that a worker has been reaped, and gives its items to others; call it after its last
  /// answer.
  ///
  /// - Parameters:
  ///   - element: The batch and the offset in it that the worker noted last; nil if it worked on
  ///     no item, or if nobody knows on which.
  ///   - mostFailedStarts: How many starts in a row may fail while no other worker is ready.
  ///   - isBlameless: Whether the worker's host was lost, or starts nothing: no item is to blame,
  ///     and the pool does not give up.
  /// - Returns: How often and in what time starts failed, if that ends the pool.
  @discardableResult
  mutating func workerEnded(
    _ id: WorkerID, _ report: Report, at element: (batch: BatchID, offset: Int)?,
    mostFailedStarts: Int = .max, isBlameless: Bool = false, now: Duration
  ) -> String? {
    guard let worker = workers.removeValue(forKey: id) else { return nil }
    var gaveUp: String?
    if !worker.isReady, !worker.isLeaving {
      let others = workers.values.contains(where: \.isReady)
      let most = others || isBlameless ? nil : mostFailedStarts
      let pause = failedStarts.fail(
        at: now, Self.backoff, most: most, chance: random.fraction())
      if let pause {
        nextStart = now + pause
      } else {
        gaveUp = failedStarts.inWords(at: now)
        stopAll()
      }
    } else if !worker.isLeaving || !worker.batches.isEmpty {
      counters.workersLost += 1
    }
    let held = worker.batches.compactMap { id in batches.removeValue(forKey: id).map { (id, $0) } }
    let culprit = isBlameless ? nil : culprit(among: held, element)
    // The last first, because each goes to the front.
    for (id, batch) in held.reversed() {
      jobs[batch.job]?.outCount -= batch.items.count
      jobs[batch.job]?.batchCount -= 1
      guard let job = jobs[batch.job], !job.isAbandoned, !batch.items.isEmpty else { continue }
      counters.retried += batch.items.count
      let oneByOne = batch.goesOneByOne || culprit == nil && !isBlameless
      if let culprit, culprit.batch == id, blame(culprit.item, of: batch, report) {
        counters.retried -= 1
        let after = (culprit.item + 1)..<batch.items.upperBound
        requeue(after, of: batch.job, oneByOne: oneByOne)
        requeue(batch.items.lowerBound..<culprit.item, of: batch.job, oneByOne: oneByOne)
      } else {
        requeue(batch.items, of: batch.job, oneByOne: oneByOne)
      }
    }
    for (_, batch) in held {
      wakeIfComplete(batch.job)
      removeIfOver(batch.job)
    }
    dispatch(at: now)
    return gaveUp
  }

  private static var backoff: RestartBackoff {
    RestartBackoff(first: .milliseconds(10), most: .seconds(1))
  }

  /// The item at which a worker died: the noted one, or the only one that it had.
  private func culprit(
    among held: [(id: BatchID, batch: Assignment)], _ element: (batch: BatchID, offset: Int)?
  ) -> (batch: BatchID, item: Int)? {
    if let element, let batch = held.first(where: { $0.id == element.batch })?.batch {
      let item = batch.first.addingReportingOverflow(element.offset).partialValue
      if batch.items.contains(item) { return (element.batch, item) }
    }
    let filled = held.filter { !$0.batch.items.isEmpty }
    guard filled.count == 1, filled[0].batch.items.count == 1 else { return nil }
    return (filled[0].id, filled[0].batch.items.lowerBound)
  }

  /// Charges an item with a death; whether that is the item's end.
  private mutating func blame(_ item: Int, of batch: Assignment, _ report: Report) -> Bool {
    let id = batch.job
    guard let policy = jobs[id]?.policy else { return false }
    let attempts = (jobs[id]?.attempts[item] ?? 0) + 1
    jobs[id]?.attempts[item] = attempts
    let verdict: Verdict
    if batch.isOverdue, let deadline = policy.deadline {
      guard attempts >= policy.attempts else { return false }
      verdict = .deadline(deadline, report)
    } else {
      let deaths = (jobs[id]?.deaths[item] ?? []) + [report]
      jobs[id]?.deaths[item] = deaths
      guard deaths.count >= settings.attempts else { return false }
      verdict = .killedWorkers(deaths)
      counters.quarantined += 1
    }
    settleFailed(item, of: id)
    actions.append(.fail(id, item: item, attempts: attempts, verdict))
    return true
  }

  // MARK: Time

  /// When `tick` has something to do; nil when never.
  var nextDue: Duration? {
    var due = delayed.last?.due
    func consider(_ other: Duration?) {
      if let other, other < due ?? other + .seconds(1) { due = other }
    }
    for batch in batches.values where !batch.isOverdue { consider(batch.due) }
    for worker in workers.values where worker.isReady && !worker.isLeaving {
      consider(settings.maximumAge.map { worker.readySince + $0 })
    }
    if nextStart > .zero, kinds.contains(where: { !$0.runnable.isEmpty }) { consider(nextStart) }
    return due
  }

  /// Does what is due at a time.
  mutating func tick(at now: Duration) {
    while let next = delayed.last, next.due <= now {
      delayed.removeLast()
      guard jobs[next.job] != nil else { continue }
      jobs[next.job]?.delayedCount -= 1
      requeue(next.item..<(next.item + 1), of: next.job)
    }
    for (id, batch) in batches.sorted(by: { $0.key < $1.key })
    where !batch.isOverdue && batch.due.map({ $0 <= now }) ?? false {
      batches[id]?.isOverdue = true
      let isAbandoned = jobs[batch.job]?.isAbandoned ?? true
      workers[batch.worker]?.isLeaving = true
      actions.append(isAbandoned ? .stop(batch.worker) : .kill(batch.worker))
    }
    if let age = settings.maximumAge {
      for id in workers.keys.sorted() {
        if let worker = workers[id], worker.isReady, now - worker.readySince >= age { retire(id) }
      }
    }
    if nextStart > .zero, nextStart <= now { nextStart = .zero }
    dispatch(at: now)
  }
}
