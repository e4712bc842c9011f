internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeStages

/// One run of a pipeline: feeds the first stage, looks after all workers, and receives the outputs.
struct PipelineRun<Input: Codable & Sendable, Output: Codable & Sendable>: Sendable {
  private let node: Node
  private let plan: PipelinePlan
  private let isOrdered: Bool
  /// The places of all workers, by their numbers.
  private let slots: [WorkerSeat]
  /// For each stage, and last for the end, the action when nothing more comes for it.
  private let closers: [@Sendable () -> Void]
  private let outlet: Outlet<Input>
  private let end: Receiver<Envelope<Output>>
  let record: RunRecord
  private let monitor: PipelineMonitor?
  private let onQuarantine: QuarantineHandler?

  /// Lays out channels and workers; starts nothing.
  init(
    _ pipeline: Pipeline<Input, Output>, at node: Node, on place: (any Place)? = nil,
    monitor: PipelineMonitor?, onQuarantine: QuarantineHandler?
  ) throws {
    self.node = node
    self.monitor = monitor
    self.onQuarantine = onQuarantine
    isOrdered = pipeline.isOrdered
    plan = try PipelinePlan(pipeline.shape, isOrdered: pipeline.isOrdered)
    let assembly = Assembly(plan, at: node, on: place)
    let (sender, receiver) = node.makeChannel(
      of: Envelope<Output>.self, prefetch: PipelinePlan.prefetch, attempts: .max)
    assembly.whenFed(plan.stages.count) { sender.finish() }
    end = receiver
    outlet = try pipeline.attach(assembly, 0, Outlet(routes: [.init(senders: [sender])]))
    slots = assembly.slots.sorted { $0.worker < $1.worker }
    closers = assembly.closers
    record = try RunRecord(plan, at: node)
  }

  /// Runs it to its end; nothing of it is left when this returns or throws.
  ///
  /// - Parameters:
  ///   - pump: The inputs.
  ///   - refuse: Takes what stages gave up.
  ///   - deliver: Takes outputs; the next ones come when it has returned.
  func run(
    _ pump: any InputPump<Input>,
    refuse: @escaping @Sendable ([Refusal]) async throws -> Void = { _ in },
    deliver: @escaping @Sendable ([Output]) async throws -> Void
  ) async throws {
    defer {
      record.finish()
      monitor?.finish()
    }
    try monitor?.watch(record)
    // A task returns what is to be done for workers.
    try await withThrowingTaskGroup(of: [Crew.Order].self) { tasks in
      tasks.addTask { try await record.nextOrders() }
      tasks.addTask {
        await pump.work()
        return []
      }
      tasks.addTask {
        try await feed(pump)
        return []
      }
      tasks.addTask {
        try await drain(refuse, deliver)
        return []
      }
      // The first that fails ends the others.
      while let orders = try await tasks.next() {
        guard !orders.isEmpty else { continue }
        for order in orders {
          tasks.addTask {
            try await carryOut(order)
            return []
          }
        }
        tasks.addTask { try await record.nextOrders() }
      }
    }
    try record.update { try $0.checkBalance() }
  }

  // MARK: The two ends

  private func feed(_ pump: any InputPump<Input>) async throws {
    while true {
      let inputs = try await pump.take(try await record.waitForRoom())
      guard !inputs.isEmpty else { break }
      let (first, id) = record.update { ledger in
        (ledger.window.inputsTaken, ledger.depart(inputs: inputs.count))
      }
      try await outlet.send(
        Envelope(id: id, cost: 0, origins: Origins(from: first), items: inputs))
    }
    close(record.update { $0.endSource() })
  }

  private func close(_ stages: [Int]) { for stage in stages { closers[stage]() } }

  private func drain(
    _ refuse: ([Refusal]) async throws -> Void, _ deliver: ([Output]) async throws -> Void
  ) async throws {
    var restorer = StreamRestorer<[Output]>()
    for try await delivery in end.deliveries {
      let envelope = delivery.element
      let (isNew, refusals) = record.update { ledger in
        ledger.arrive(envelope.id, cost: envelope.cost, outputs: envelope.items.count)
          ? (true, ledger.refuse(envelope.refusals, in: envelope.id)) : (false, [])
      }
      if !refusals.isEmpty { try await refuse(refusals) }
      if isNew, !envelope.omissions.isEmpty, let onQuarantine {
        for input in record.update({ $0.quarantine(envelope.omissions) }) {
          try await onQuarantine(input)
        }
      }
      if isNew, isOrdered {
        restorer.insert(envelope.items, at: envelope.id)
        while let items = restorer.takeNext(of: envelope.id.stream) { try await deliver(items) }
      } else if isNew {
        try await deliver(envelope.items)
      }
      delivery.acknowledge()
    }
    for items in restorer.takeRest() { try await deliver(items) }
  }

  // MARK: Workers

  private func carryOut(_ order: Crew.Order) async throws {
    switch order {
    case .start(let worker): try await live(in: slots[worker])
    case .stop(let worker): record.stop(slots[worker])
    case .wait(let worker, let pause):
      try await node.sleep(for: pause)
      record.update { $0.handle(.timePassed, of: worker, ofStage: slots[worker].stage) }
    }
  }

  /// Facts about one worker that are needed at its end.
  private struct Life {
    /// Its position among the children.
    var position: Int?
    /// The input with which its step failed.
    var failedInput: UInt64?
    /// Its host, if it was to be on one, and whether its process was made there.
    var host: OpenHost?
    var hasBegun = false
    /// Whether it was asked to stop because it is to go to another host.
    var isMoving = false
    var move: WorkerHosts.Move?
    /// The error that ends the run, however the worker ends.
    var verdict: (any Error)?
  }

  /// The life of one worker; throws if it ends the run.
  private func live(in slot: WorkerSeat) async throws {
    let life = Lock(Life())
    defer {
      life.withLock { life in
        if let move = life.move { slot.hosts?.forget(move) }
        life.host.map { slot.hosts?.returned($0, wasStarted: life.hasBegun) }
      }
    }
    do {
      let host = try slot.hosts?.take()
      life.withLock { $0.host = host }
      let counters = try await node.withChildren(of: WorkerCounters.self) { group in
        record.began(slot) { group.cancelAll() }
        let move = host.flatMap { whenMoving($0, slot, life, group) }
        life.withLock { $0.move = move }
        let child = try await slot.start(group, host)
        life.withLock {
          $0.position = child.position
          $0.hasBegun = true
        }
        if let host { slot.hosts?.started(on: host) }
        record.update { $0.handle(.started, of: slot.worker, ofStage: slot.stage) }
        for try await word in try await child.messages(of: WorkerWord.self) {
          switch word {
          case .counters(let counters):
            record.update { $0.count(counters, ofWorker: slot.worker) }
          case .failed(let input): life.withLock { $0.failedInput = input }
          case .suspects(let suspicion):
            do {
              let omission = try await judge(suspicion, by: slot)
              // If the worker has died meanwhile, its end shows that.
              try? await child.send(omission)
            } catch {
              life.withLock { $0.verdict = error }
              throw error
            }
          }
          monitor?.changed()
        }
        return try await child.result
      }
      if counters.isLeaving { return try leave(slot, life.withLock { $0 }, counters) }
      let fed = record.update {
        $0.isFed(slot.stage) ? $0.finish(counters, worker: slot.worker, ofStage: slot.stage) : nil
      }
      guard let fed else {
        throw failure(
          of: slot, over: nil, .workerDied, "it could not join the channel of its stage's input")
      }
      monitor?.changed()
      close(fed)
    } catch {
      try Task.checkCancellation()
      let life = life.withLock { $0 }
      if let error = life.verdict { throw error }
      switch WorkerEnd(error) {
      case .failed(let failure):
        throw self.failure(
          of: slot, over: life.failedInput.map { Int(clamping: $0) }, .thrown,
          "\(failure)", error: failure)
      case _ where record.update({ $0.isLeaving(slot.worker, ofStage: slot.stage) }):
        // The others process its unfinished envelopes, however it ended.
        record.update { $0.retire(at: life.position, worker: slot.worker, ofStage: slot.stage) }
        monitor?.changed()
      case _ where life.isMoving:
        try lose(slot, life.position, "it moves to another host", deaths: [])
      case .died(let report) where isHostsFault(report, life, slot):
        try lose(slot, life.position, "\(report)", deaths: [report])
      case .other(let error as HostError) where error.code == .over:
        try lose(slot, life.position, error.description, deaths: [])
      case .died(let report):
        let isReplaceable = !plan.stages[slot.stage].description.isStateful && report.isDeath
        let chain =
          isReplaceable
          ? record.update {
            $0.die(report, at: life.position, worker: slot.worker, ofStage: slot.stage)
          } : "\(report)"
        monitor?.changed()
        if let chain {
          throw self.failure(of: slot, over: nil, .workerDied, chain, deaths: [report])
        }
      case .other(let error): throw error
      }
    }
  }

  /// A worker that was asked to drain has done all that it had taken: another one goes on.
  private func leave(_ slot: WorkerSeat, _ life: Life, _ counters: WorkerCounters) throws {
    record.update { $0.count(counters, ofWorker: slot.worker) }
    guard !record.update({ $0.isLeaving(slot.worker, ofStage: slot.stage) }) else {
      record.update { $0.retire(at: life.position, worker: slot.worker, ofStage: slot.stage) }
      monitor?.changed()
      return
    }
    try lose(slot, life.position, "it was asked to drain", deaths: [], hasState: false)
  }

  /// Stops a worker when it is to go to another host: others take its work.
  ///
  /// One with state is the only one that has it, and goes on.
  private func whenMoving(
    _ host: OpenHost, _ slot: WorkerSeat, _ life: Lock<Life>, _ group: ChildGroup<WorkerCounters>
  ) -> WorkerHosts.Move? {
    guard !plan.stages[slot.stage].description.isStateful else { return nil }
    return slot.hosts?.whenMoving(host) {
      life.withLock { $0.isMoving = true }
      group.cancelAll()
    }
  }

  private func isHostsFault(_ report: ExitReport, _ life: Life, _ slot: WorkerSeat) -> Bool {
    guard let host = life.host, let hosts = slot.hosts else { return false }
    return hosts.isToBlame(host, for: report)
  }

  /// A worker has gone with its host, or the host does not start any: another one gets its work.
  private func lose(
    _ slot: WorkerSeat, _ position: Int?, _ account: String, deaths: [ExitReport],
    hasState: Bool = true
  ) throws {
    let stage = plan.stages[slot.stage].description
    guard !stage.isStateful || !hasState || position == nil else {
      throw failure(
        of: slot, over: nil, .workerDied, "\(account); no other worker has its state",
        deaths: deaths)
    }
    if let hosts = slot.hosts, hosts.areLost {
      throw failure(
        of: slot, over: nil, .workerDied, hosts.loss.description, deaths: deaths)
    }
    let chain = record.update {
      $0.lose(at: position, worker: slot.worker, ofStage: slot.stage, account)
    }
    monitor?.changed()
    if let chain { throw failure(of: slot, over: nil, .workerDied, chain, deaths: deaths) }
  }

  /// Decides which items a worker leaves out of an envelope.
  private func judge(_ suspicion: Suspicion, by slot: WorkerSeat) async throws -> Omission {
    let omission = try await record.omission(
      on: suspicion, worker: slot.worker, ofStage: slot.stage)
    // The run ends with the first input that is given up. Another worker may get the same envelope
    // meanwhile, and must not go on without that input.
    guard onQuarantine == nil, !omission.skipped.isEmpty,
      let input = record.update({ $0.quarantineAll() })
    else { return omission }
    throw failure(
      of: slot, over: input.input, .killedWorkers, "it ended \(input.deaths.inWords)",
      deaths: input.deaths)
  }

  private func failure(
    of slot: WorkerSeat, over input: Int?, _ code: PipelineFailure.Code, _ message: String,
    error: RemoteFailure? = nil, deaths: [ExitReport] = []
  ) -> PipelineFailure {
    PipelineFailure(
      code, message, stage: slot.stage, stageName: plan.stages[slot.stage].description.name,
      worker: deaths.last?.node ?? slot.name, input: input, error: error, deaths: deaths)
  }
}
