internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeStages

/// A worker as the dispatcher holds it, of any kind.
protocol AnyWorkerLink: AnyObject, Sendable {
  /// Gives the worker a batch.
  ///
  /// - Returns: A task that the caller resumes.
  func send(
    _ batch: Int, of job: any AnyJobRun, items: Range<Int>
  ) -> Waiter?
  /// Lets the worker end after its batches.
  ///
  /// - Returns: A task that the caller resumes.
  func retire() -> Waiter?
  func stop()
  func kill()
  /// The worker's process, once it has one.
  var pid: Int32? { get }
  /// Runs the worker from its start until it has been reaped.
  func serve() async
}

/// A worker as its pool holds it: the child, the batches to send to it, and the calls whose batches
/// it has.
final class WorkerLink<Work: Step>: AnyWorkerLink {
  private struct Order: Sendable {
    let batch: Int
    let job: JobRun<Work>
    let items: Range<Int>
  }

  private struct Contents {
    var child: AnyChild?
    var leases: [Int: JobRun<Work>] = [:]
    var notebook: ChildNotebook?
    var host: OpenHost?
    var isReady = false
    var mustStop = false
    var mustKill = false
    var hasEnded = false
  }

  let id: Int
  private let core: PoolCore
  /// Batches to send; nil once the worker is to leave.
  private let orders = Mailbox<Order?>()
  private let contents = Lock(Contents())

  init(id: Int, core: PoolCore) {
    self.id = id
    self.core = core
  }

  // MARK: Actions of the dispatcher

  func send(
    _ batch: Int, of job: any AnyJobRun, items: Range<Int>
  ) -> Waiter? {
    guard let job = job as? JobRun<Work> else { return nil }
    contents.withLock { $0.leases[batch] = job }
    return orders.post(Order(batch: batch, job: job, items: items))
  }

  func retire() -> Waiter? { orders.post(nil) }

  func stop() {
    let child = contents.withLock { contents in
      contents.mustStop = true
      return contents.hasEnded ? nil : contents.child
    }
    guard let child else { return }
    core.requests.send {
      _ = try? await child.stop(reason: "nobody waits for its work any more")
    }
  }

  func kill() {
    let child = contents.withLock { contents in
      contents.mustKill = true
      return contents.hasEnded ? nil : contents.child
    }
    child?.kill()
  }

  var pid: Int32? { contents.withLock(\.child)?.pid }

  // MARK: The worker's life

  func serve() async {
    var error: (any Error)?
    do {
      try await serve(core.initializer)
    } catch let thrown {
      error = thrown
    }
    orders.finish()
    let contents = contents.withLock { contents in
      contents.hasEnded = true
      return contents
    }
    let report = contents.child?.exitReport
    var isHostsFault = false
    if let host = contents.host, let hosts = core.hosts {
      isHostsFault = hosts.isToBlame(host, for: report)
      hosts.returned(host, wasStarted: contents.isReady || contents.mustStop || contents.mustKill)
    }
    core.workerEnded(
      id, report, at: contents.notebook?.element, error, isHostsFault: isHostsFault)
  }

  private func serve(_ initializer: (any PoolInitializer)?) async throws {
    guard let initializer else { return try await run(NoInitializer?.none) }
    func open<Initializer: PoolInitializer>(_ initializer: Initializer) async throws {
      try await run(Optional(initializer))
    }
    try await open(initializer)
  }

  /// A scope with this one child: it is gone, and has been reaped, when the scope is left.
  private func run<Initializer: PoolInitializer>(_ initializer: Initializer?) async throws {
    let program = PoolWorker<Work, Initializer>(
      initializer: initializer, reportsMemory: core.options.memoryLimit != nil)
    let policy =
      Work._traits.suspends
      ? StopPolicy(ask: .seconds(1), terminate: .milliseconds(500))
      : StopPolicy(ask: .milliseconds(20), terminate: .milliseconds(20))
    let host = try core.hosts?.take()
    contents.withLock { $0.host = host }
    let move = host.flatMap { host in
      core.hosts?.whenMoving(host) { [core, id] in
        core.update { shared, _ in shared.state.retire(id) }
      }
    }
    defer { if let move { core.hosts?.forget(move) } }
    try await core.node.withChildren(of: Void.self, limit: 1) { group in
      let child =
        if let host {
          try await group.spawn(
            program, on: PlaceOfWorker(host), name: "worker-\(id)", stopPolicy: policy,
            liveness: core.options.liveness)
        } else {
          try await group.spawn(
            program, name: "worker-\(id)", stopPolicy: policy, liveness: core.options.liveness)
        }
      let (mustStop, mustKill) = contents.withLock { contents in
        contents.child = child
        return (contents.mustStop, contents.mustKill)
      }
      child.whenDraining { [core, id] in core.update { shared, _ in shared.state.retire(id) } }
      if mustKill { child.kill() } else if mustStop { stop() }
      async let sending: Void = sendOrders(to: child)
      do {
        for try await reply in try await child.messages(of: WorkReply<Work.Output>.self) {
          receive(reply)
        }
      } catch {
        child.kill()
        orders.finish()
        await sending
        throw error
      }
      orders.finish()
      await sending
    }
  }

  private func sendOrders(to child: AnyChild) async {
    var current: JobRun<Work>?
    while let next = await orders.next() {
      guard let order = next else {
        try? child.finishSending()
        continue
      }
      let batch = WorkBatch<Work>(
        id: order.batch, work: current === order.job ? nil : order.job.work,
        inputs: order.job.inputs(in: order.items))
      do {
        try await child.send(batch)
        current = order.job
      } catch let error as ProcessTreeError where error.code == .messageNotEncodable {
        core.notSendable(order.batch, of: order.job, error)
      } catch {
        // The worker has ended, or will: its batches come back then.
      }
    }
  }

  // MARK: Answers

  private func receive(_ reply: WorkReply<Work.Output>) {
    guard reply.batch != 0 else {
      contents.withLock { contents in
        contents.isReady = true
        if let host = contents.host { core.hosts?.started(on: host) }
        guard let child = contents.child, let name = reply.notebook else { return }
        contents.notebook = ChildNotebook(name, of: child)
      }
      return core.update { shared, now in shared.state.workerReady(self.id, at: now) }
    }
    let job = contents.withLock { contents in
      reply.isLast ? contents.leases.removeValue(forKey: reply.batch) : contents.leases[reply.batch]
    }
    guard let job else { return }
    let parts = reply.parts { error in
      WorkFailure(isCoding: true, error: RemoteFailure(error, at: core.node))
    }
    for part in parts { core.record(part, of: reply, for: job, by: id) }
  }
}
