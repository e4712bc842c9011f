internal import DequeModule
internal import ProcessTreeStages

extension PoolState {
  /// Gives out work, and starts or dismisses workers as it takes.
  mutating func dispatch(at now: Duration) {
    guard !isClosed else { return }
    dismissSurplus()
    for kind in kinds.indices where !kinds[kind].runnable.isEmpty {
      giveToIdle(kind, now)
      giveSecond(kind, now)
    }
    for kind in kinds.indices where !kinds[kind].runnable.isEmpty { makeRoom(kind, now) }
  }

  /// Dismisses workers after the pool was made smaller: idle ones first, busy ones after their
  /// batches.
  private mutating func dismissSurplus() {
    let staying = workers.filter { !$0.value.isLeaving }
    guard staying.count > size else { return }
    let order = staying.sorted {
      ($0.value.batches.count, -$0.key) < ($1.value.batches.count, -$1.key)
    }
    for (id, _) in order.prefix(staying.count - size) { retire(id) }
  }

  mutating func retire(_ id: WorkerID) {
    guard workers[id]?.isLeaving == false else { return }
    workers[id]?.isLeaving = true
    actions.append(.retire(id))
  }

  private mutating func giveToIdle(_ kind: KindID, _ now: Duration) {
    let idle = workers.filter {
      $0.value.kind == kind && $0.value.isReady && !$0.value.isLeaving && $0.value.batches.isEmpty
    }
    for id in idle.keys.sorted() {
      guard let job = kinds[kind].runnable.popFirst() else { return }
      give(job, to: id, now)
      // Behind the others, whose turn comes first.
      queue(job)
    }
  }

  /// A second batch for workers whose first one is short, so that they need not wait for the next.
  private mutating func giveSecond(_ kind: KindID, _ now: Duration) {
    for id in workers.keys.sorted() {
      guard let worker = workers[id], worker.kind == kind, !worker.isLeaving,
        worker.batches.count == 1, let first = batches[worker.batches[0]], !first.goesOneByOne,
        let job = jobs[first.job], job.sizer.isShort, job.policy.deadline == nil,
        let piece = job.pending.first, !piece.goesOneByOne, !job.isAbandoned
      else { continue }
      give(first.job, to: id, now)
      unqueue(first.job)
    }
  }

  private mutating func give(_ id: JobID, to worker: WorkerID, _ now: Duration) {
    let given = workers[worker]?.given ?? 0
    let bound = settings.recycleAfter.map { max(1, $0 - given) } ?? .max
    guard let piece = jobs[id]?.takeBatch(workers: size, atMost: bound) else { return }
    let batch = makeID()
    batches[batch] = Assignment(
      job: id, worker: worker, items: piece.items, first: piece.items.lowerBound,
      goesOneByOne: piece.goesOneByOne, due: jobs[id]?.policy.deadline.map { now + $0 })
    jobs[id]?.outCount += piece.items.count
    jobs[id]?.batchCount += 1
    workers[worker]?.batches.append(batch)
    workers[worker]?.given += piece.items.count
    actions.append(.send(batch, of: id, items: piece.items, to: worker))
    if let limit = settings.recycleAfter, given + piece.items.count >= limit { retire(worker) }
    wakeForInputs(id)
  }

  mutating func wakeForInputs(_ id: JobID) {
    guard let job = jobs[id], job.demand(workers: size) > 0 else { return }
    actions.append(.wake(id))
  }

  /// Starts workers for work that no worker of its kind has a hand free for.
  private mutating func makeRoom(_ kind: KindID, _ now: Duration) {
    guard now >= nextStart else { return }
    let starting = workers.values.count { $0.kind == kind && !$0.isReady && !$0.isLeaving }
    var wanted = wantedWorkers(kind) - starting
    while wanted > 0, workers.count < size {
      let id = makeID()
      workers[id] = Worker(kind: kind)
      counters.workersStarted += 1
      actions.append(.startWorker(id, kind: kind))
      wanted -= 1
    }
    // Workers that leave make room soon.
    wanted -= workers.values.count(where: \.isLeaving)
    guard wanted > 0 else { return }
    let others = workers.filter { $0.value.kind != kind && $0.value.isReady && !$0.value.isLeaving }
    for (id, worker) in others.sorted(by: { $0.key < $1.key })
    where wanted > 0 && worker.batches.isEmpty {
      retire(id)
      wanted -= 1
    }
    takeTurn(kind, now)
  }

  /// How many batches wait that could be given to further workers.
  private func wantedWorkers(_ kind: KindID) -> Int {
    guard let first = kinds[kind].runnable.first, let job = jobs[first] else { return 0 }
    let batch = job.policy.deadline == nil ? job.sizer.next() : 1
    let pieces = job.pending.first?.goesOneByOne == true ? job.pendingCount : 0
    return min(size, kinds[kind].runnable.count - 1 + max(1, job.pendingCount / batch, pieces))
  }

  /// A kind of work without any worker takes one over from the kind that has most, even if that one
  /// never rests.
  private mutating func takeTurn(_ kind: KindID, _ now: Duration) {
    guard !workers.values.contains(where: { $0.kind == kind || $0.isLeaving }) else { return }
    let ripe = workers.filter { $0.value.isReady && now - $0.value.readySince >= Self.turn }
    if let oldest = ripe.keys.min() { retire(oldest) }
  }

  /// How long a worker of one kind goes on while another kind waits.
  static var turn: Duration { .milliseconds(100) }
}
