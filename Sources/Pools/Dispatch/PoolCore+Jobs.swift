internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeStages

extension PoolCore {
  /// The next step of a call.
  enum Turn: Equatable, Sendable {
    /// Take so many more inputs.
    case feed(Int)
    /// Take results.
    case results
    /// All is done.
    case complete
  }

  /// Opens a call; workers of its kind are made when there is work.
  func open<Work: Step>(
    _ work: Work, order: ResultOrder, options: CallOptions, count: Int?
  ) throws -> JobRun<Work> {
    try options.check()
    return try update { shared, _ in
      if let failure = shared.failure { throw failure }
      guard !shared.state.isClosed else { throw PoolError.shutDown }
      let id = shared.state.open(kind: kind(Work.self, &shared), options.policy(count: count))
      let job = JobRun(id: id, work: work, order: order, retry: options.retry)
      shared.jobs[id] = job
      return job
    }
  }

  private func kind<Work: Step>(_ type: Work.Type, _ shared: inout Shared) -> Int {
    if let kind = shared.kinds[ObjectIdentifier(type)] { return kind }
    let kind = shared.state.makeKind()
    shared.kinds[ObjectIdentifier(type)] = kind
    shared.makers.append { id, core in WorkerLink<Work>(id: id, core: core) }
    return kind
  }

  func submit<Work: Step>(_ inputs: [Work.Input], to job: JobRun<Work>) {
    guard !inputs.isEmpty else { return }
    job.append(inputs)
    update { shared, now in shared.state.submit(inputs.count, to: job.id, at: now) }
  }

  func endInputs<Work: Step>(of job: JobRun<Work>) {
    update { shared, _ in shared.state.endInputs(of: job.id) }
  }

  /// Ends a call that nobody waits for any more.
  func close<Work: Step>(_ job: JobRun<Work>) {
    update { shared, now in
      shared.state.close(job.id, at: now)
      shared.jobs[job.id] = nil
      wake(job.id, &shared)
    }
  }

  /// The next results, if there are any.
  func takeResults<Work: Step>(of job: JobRun<Work>) -> ResultSegment<Work.Output>? {
    guard let segment = job.takeResults() else { return nil }
    update { shared, _ in shared.state.handOver(segment.count, of: job.id) }
    return segment
  }

  /// Waits until the call can go on.
  ///
  /// - Parameter roles: Whether the caller takes inputs, results, or both.
  func step(_ job: any AnyJobRun, _ id: Int, _ roles: Set<Role>) async throws -> Turn {
    while true {
      try Task.checkCancellation()
      let waiter = Waiter()
      let step = try read { shared in
        let step = try self.step(job, id, roles, &shared)
        if step == nil {
          let role: Role = roles.contains(.results) ? .results : .inputs
          shared.waiters[Place(job: id, role: role)] = waiter
        }
        return step
      }
      if let step { return step }
      await waiter.wait()
    }
  }

  private func step(
    _ job: any AnyJobRun, _ id: Int, _ roles: Set<Role>, _ shared: inout Shared
  ) throws -> Turn? {
    if let failure = shared.failure { throw failure }
    guard let entry = shared.state.jobs[id] else { return .complete }
    if roles.contains(.inputs) {
      let demand = shared.state.demand(of: id)
      if demand > 0 { return .feed(demand) }
      if entry.inputsEnded, roles.count == 1 { return .complete }
    }
    guard roles.contains(.results) else {
      return entry.isAbandoned || entry.wasCutShort ? .complete : nil
    }
    if job.hasResults { return .results }
    if entry.wasCutShort, entry.batchCount == 0 { throw PoolError.shutDown }
    return entry.isComplete ? .complete : nil
  }
}

extension CallOptions {
  func policy(count: Int?) -> JobPolicy {
    JobPolicy(
      attempts: retry?.attempts ?? 1, backoff: (retry?.firstDelay ?? .zero).clamped,
      longestBackoff: (retry?.longestDelay ?? .zero).clamped, deadline: deadline?.clamped,
      count: count, inFlight: maximumInFlight)
  }
}
