internal import ProcessTree

/// The program of a node that works at a stage by an external command.
struct CommandWorker<Input: Codable & Sendable, Output: Codable & Sendable>: NodeProgram {
  var command: Command
  var input: CommandFraming<Input>
  var output: CommandFraming<Output>
  var inlet: Receiver<Envelope<Input>>
  var outlets: [Outlet<Output>]
  var place: WorkerPlace

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> WorkerCounters {
    try await WorkerStop.told { try await work(in: node) }
  }

  private func work(in node: Node) async throws -> WorkerCounters {
    let work = CommandWork(self)
    try await node.withCommand(command) { run in
      run.widenStreams()
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        let pump = output.pump(run)
        tasks.addTask { try await work.feed(run, in: node) }
        tasks.addTask { await pump.work() }
        tasks.addTask {
          try await work.passOn(pump)
          // A command that failed ends the worker, even if it has not read all of its input.
          try await run.waitForSuccess()
        }
        while try await tasks.next() != nil {}
      }
    }
    return try await work.finish()
  }
}

/// A worker at work with its command.
private struct CommandWork<Input: Codable & Sendable, Output: Codable & Sendable>: Sendable {
  private let worker: CommandWorker<Input, Output>
  private let outlet: Outlet<Output>
  private let counters = SharedCounters()

  init(_ worker: CommandWorker<Input, Output>) {
    self.worker = worker
    outlet = worker.outlets[0].folding(worker.place.fold)
    // A worker that nobody can replace needs one end.
    for outlet in worker.outlets.dropFirst() { outlet.finish() }
  }

  /// Gives the command its input; an empty envelope takes the place of each.
  func feed(_ run: CommandRun, in node: Node) async throws {
    var intake = Intake(worker.inlet, at: worker.place)
    var words = try await WorkerWords(node, stage: worker.command.executable)
    var clock = WorkClock(node)
    var isReading = true
    while let envelope = try await intake.next() {
      let waited = clock.lap()
      if isReading { isReading = try await write(worker.input.bytes(of: envelope.items), to: run) }
      let blocked = clock.lap()
      counters.update { counters in
        counters.taken += UInt64(envelope.items.count)
        counters.processed += UInt64(envelope.items.count)
        counters.waiting += waited
        counters.blocked += blocked
      }
      let cost = max(envelope.cost, clock.processorLap())
      var empty = Emission<Output>(capacity: 0).envelope(
        replacing: envelope.id, first: 0, cost: cost)
      empty.refusals = envelope.refusals
      try await outlet.send(empty)
      words.counters = counters.now
      try await words.sayCountersIfDue(at: clock.time)
    }
    run.finishSending()
  }

  /// Writes to the command; false once it reads no more.
  private func write(_ bytes: [UInt8], to run: CommandRun) async throws -> Bool {
    do {
      try await run.send(bytes)
      return true
    } catch let error as CommandError where error.code == .inputClosed {
      return false
    }
  }

  /// Passes on the output of the command.
  func passOn(_ pump: any InputPump<Output>) async throws {
    while true {
      let items = try await pump.take(1_024)
      guard !items.isEmpty else { return }
      let number = counters.update { counters in
        counters.emitted += UInt64(items.count)
        counters.flowEnvelopes += 1
        return counters.flowEnvelopes - 1
      }
      let id = EnvelopeID(
        stream: EnvelopeSourceID.flow(ofWorker: worker.place.worker), number: number)
      try await outlet.send(Envelope(id: id, cost: 0, origins: Origins(from: 0), items: items))
    }
  }

  /// Returns when the stages behind have acknowledged all.
  func finish() async throws -> WorkerCounters {
    try await outlet.join()
    outlet.finish()
    return counters.now
  }
}
