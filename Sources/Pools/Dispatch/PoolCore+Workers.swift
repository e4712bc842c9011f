internal import Glibc
internal import ProcessTree
internal import ProcessTreeStages

extension PoolCore {
  /// Records a part of a worker's answer, as far as the state lets it count.
  func record<Work: Step>(
    _ part: ReplyPart<Work.Output>, of reply: WorkReply<Work.Output>, for job: JobRun<Work>,
    by worker: Int
  ) {
    let progress = BatchProgress(
      done: part.inputCount, failure: part.failure.map { verdict(on: $0, of: job) },
      isLast: part.isLast, nanoseconds: reply.nanoseconds, residentBytes: reply.residentBytes)
    if let limit = options.memoryLimit, reply.residentBytes > limit {
      node.report(
        "warning: a worker holds \(reply.residentBytes) bytes, more than \(limit), and is replaced")
    }
    let due = update { shared, now in
      let accepted = shared.state.reply(progress, to: reply.batch, from: worker, at: now)
      guard let accepted else { return nil as String? }
      if !accepted.done.isEmpty {
        job.record(part.outputs, counts: part.counts, of: accepted.done)
        wake(job.id, &shared)
      }
      fail(accepted, of: job, part.failure, &shared)
      guard now - shared.lastReport >= .milliseconds(100) else { return nil }
      shared.lastReport = now
      return shared.state.progress.description
    }
    if let due {
      let (progress, total) = read { ($0.state.progress, $0.state.expectedTotal) }
      node.report("pool: \(due)", completed: progress.completed, total: total)
    }
  }

  private func verdict<Work: Step>(
    on failure: WorkFailure, of job: JobRun<Work>
  ) -> BatchProgress.Failure {
    guard !failure.isCoding, job.retries(failure.error) else { return .final }
    return .retryable(jitter: node.fraction())
  }

  private func fail<Work: Step>(
    _ accepted: State.Acceptance, of job: JobRun<Work>, _ failure: WorkFailure?,
    _ shared: inout Shared
  ) {
    guard let failed = accepted.failed, let failure else { return }
    job.fail(PoolFailure(failure, index: failed.item, attempts: failed.attempts))
    wake(job.id, &shared)
  }

  /// Notes that a batch could not be encoded.
  func notSendable<Work: Step>(_ batch: Int, of job: JobRun<Work>, _ error: any Error) {
    let failure = WorkFailure(isCoding: true, error: RemoteFailure(error, at: node))
    update { shared, now in
      guard let accepted = shared.state.notSendable(batch, at: now) else { return }
      fail(accepted, of: job, failure, &shared)
    }
  }

  /// Notes that a worker has been reaped, or could not be made at all.
  ///
  /// - Parameter isHostsFault: Whether neither an input nor the pool is to blame, but a host.
  func workerEnded(
    _ worker: Int, _ report: ExitReport?, at element: (batch: Int, offset: Int)?,
    _ error: (any Error)?, isHostsFault: Bool = false
  ) {
    update { shared, now in
      shared.links[worker] = nil
      let wasReady = shared.state.workers[worker]?.isReady ?? true
      let isLeaving = shared.state.workers[worker]?.isLeaving ?? true
      if !wasReady, !isLeaving, let reason = reason(error, report) {
        fail(reason, &shared)
        shared.state.stopAll()
      }
      let gaveUp = shared.state.workerEnded(
        worker, report, at: element, mostFailedStarts: mostFailedStarts(report),
        isBlameless: isHostsFault, now: now)
      if let gaveUp { fail(PoolError.workersCannotStart(report, gaveUp), &shared) }
    }
  }

  /// The number of starts that may fail in a row: few by the workers' own fault, more if somebody
  /// else kills them.
  private func mostFailedStarts(_ report: ExitReport?) -> Int {
    switch report?.status {
    case .signaled(SIGKILL, _), .signaled(SIGTERM, _): 40
    default: 8
    }
  }

  /// The reason why the pool cannot go on after a worker ended before it was ready; nil if another
  /// start may do better.
  private func reason(_ error: (any Error)?, _ report: ExitReport?) -> (any Error)? {
    if let hosts, hosts.areLost { return hosts.loss }
    switch error {
    case let failure as RemoteFailure
    where initializer != nil && failure.underlying(as: ProcessTreeError.self)?.code != .unreachable:
      return PoolError.initializerFailed(failure)
    case let error as ProcessTreeError where report == nil:
      return PoolError.workNotUsable(error.message)
    case is CancellationError: return CancellationError()
    case let error as HostError where error.code == .invalidHost: return error
    default: return nil
    }
  }
}
