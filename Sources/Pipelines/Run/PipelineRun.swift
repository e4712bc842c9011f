internal import ProcessTree
internal import ProcessTreeBase

/// One run of a pipeline: feeds the first stage, looks after all workers, and receives the outputs.
struct PipelineRun<Input: Codable & Sendable, Output: Codable & Sendable>: Sendable {
  private let node: Node
  private let plan: PipelinePlan
  private let isOrdered: Bool
  /// The places of all workers, by their numbers.
  private let slots: [WorkerSeat]
  private let crews: StageCrews
  private let outlet: Outlet<Input>
  private let end: Receiver<Envelope<Output>>
  let record: RunRecord
  private let monitor: PipelineMonitor?
  private let onQuarantine: QuarantineHandler?

  /// Lays out channels and workers; starts nothing.
  init(
    _ pipeline: Pipeline<Input, Output>, at node: Node, monitor: PipelineMonitor?,
    onQuarantine: QuarantineHandler?
  ) throws {
    self.node = node
    self.monitor = monitor
    self.onQuarantine = onQuarantine
    isOrdered = pipeline.isOrdered
    plan = try PipelinePlan(pipeline.shape, isOrdered: pipeline.isOrdered)
    let assembly = Assembly(plan, at: node)
    let (sender, receiver) = node.makeChannel(
      of: Envelope<Output>.self, prefetch: PipelinePlan.prefetch, attempts: .max)
    assembly.whenFed(plan.stages.count) { sender.finish() }
    end = receiver
    outlet = try pipeline.attach(assembly, 0, Outlet(routes: [.init(senders: [sender])]))
    slots = assembly.slots.sorted { $0.worker < $1.worker }
    record = RunRecord(plan)
    crews = StageCrews(plan, closers: assembly.closers, record: record)
  }

  /// Runs it to its end; nothing of it is left when this returns or throws.
  ///
  /// - Parameters:
  ///   - pump: The inputs.
  ///   - deliver: Takes outputs; the next ones come when it has returned.
  func run(
    _ pump: any InputPump<Input>, deliver: @escaping @Sendable ([Output]) async throws -> Void
  ) async throws {
    defer {
      record.finish()
      monitor?.finish()
    }
    try monitor?.watch(record, crews)
    // A task returns the numbers of workers to start.
    try await withThrowingTaskGroup(of: [Int].self) { tasks in
      tasks.addTask { try await crews.nextStarts() }
      tasks.addTask {
        await pump.work()
        return []
      }
      tasks.addTask {
        try await feed(pump)
        return []
      }
      tasks.addTask {
        try await drain(deliver)
        return []
      }
      // The first that fails ends the others.
      while let workers = try await tasks.next() {
        guard !workers.isEmpty else { continue }
        for worker in workers {
          tasks.addTask {
            try await tend(slots[worker])
            return []
          }
        }
        tasks.addTask { try await crews.nextStarts() }
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
    crews.sourceEnded()
  }

  private func drain(_ deliver: ([Output]) async throws -> Void) async throws {
    var restorer = StreamRestorer<[Output]>()
    for try await delivery in end.deliveries {
      let envelope = delivery.element
      let isNew = record.update {
        $0.arrive(envelope.id, cost: envelope.cost, outputs: envelope.items.count)
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

  /// How a worker's life ends that does not end the run.
  private enum LifeEnd {
    /// It did its part.
    case finished
    /// Another one is to take its place after a while.
    case died(pause: Duration)
    /// It was asked to stop.
    case left
  }

  /// Keeps a worker in its place until its part is done or it is no longer wanted.
  private func tend(_ slot: WorkerSeat) async throws {
    while true {
      switch try await live(in: slot) {
      case .finished: return crews.finished(slot)
      case .died(let pause): if pause > .zero { try await node.sleep(for: pause) }
      case .left: return crews.left(slot)
      }
    }
  }

  /// Facts about one worker that are needed at its end.
  private struct Life {
    /// Its position among the children.
    var position: Int?
    /// The input with which its step failed.
    var failedInput: UInt64?
    /// The error that ends the run, however the worker ends.
    var verdict: (any Error)?
  }

  private func live(in slot: WorkerSeat) async throws -> LifeEnd {
    let life = Lock(Life())
    do {
      let counters = try await node.withChildren(of: WorkerCounters.self) { group in
        crews.began(slot) { group.cancelAll() }
        let child = try await slot.start(group)
        life.withLock { $0.position = child.position }
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
      record.update { $0.count(counters, ofWorker: slot.worker) }
      monitor?.changed()
      return .finished
    } catch {
      try Task.checkCancellation()
      let life = life.withLock { $0 }
      if let error = life.verdict { throw error }
      switch WorkerEnd(error) {
      case .failed(let failure):
        throw self.failure(
          of: slot, over: life.failedInput.map { Int(clamping: $0) }, .thrown,
          "\(failure)", error: failure)
      case _ where crews.isLeaving(slot):
        // The others process its unfinished envelopes, however it ended.
        record.update { $0.retire(at: life.position, worker: slot.worker, ofStage: slot.stage) }
        monitor?.changed()
        return .left
      case .died(let report):
        let isReplaceable = !plan.stages[slot.stage].description.isStateful && report.isDeath
        let pause =
          isReplaceable
          ? record.update { ledger in
            ledger.die(
              report, at: life.position, worker: slot.worker, ofStage: slot.stage)
          } : nil
        monitor?.changed()
        guard let pause else {
          throw self.failure(of: slot, over: nil, .workerDied, "\(report)", deaths: [report])
        }
        return .died(pause: pause)
      case .other(let error): throw error
      }
    }
  }

  /// Decides which items a worker leaves out of an envelope, and hands over the inputs that are given up with
  /// them.
  private func judge(_ suspicion: Suspicion, by slot: WorkerSeat) async throws -> Omission {
    let verdict = try await record.verdict(
      on: suspicion, worker: slot.worker, ofStage: slot.stage)
    guard let onQuarantine else {
      // The run ends with the first input that is given up. Another worker may get the same envelope
      // meanwhile, and must not go on without that input.
      guard !verdict.skipped.isEmpty, let input = record.update(\.quarantined).first else {
        return Omission(skipped: [])
      }
      throw failure(
        of: slot, over: input.input, .killedWorkers, "it ended \(input.deaths.inWords)",
        deaths: input.deaths)
    }
    for input in verdict.quarantined { try await onQuarantine(input) }
    return Omission(skipped: verdict.skipped)
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
