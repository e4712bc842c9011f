internal import ProcessTree

/// The program of a node that works at a stage by an external command.
struct CommandWorker<Input: Codable & Sendable, Output: Codable & Sendable>: NodeProgram {
  var command: Command
  var input: CommandFraming<Input>
  var output: CommandFraming<Output>
  var inlet: Receiver<Envelope<Input>>
  var outlets: [Outlet<Output>]
  var place: WorkerPlace
  /// Where the command's input comes from, if not from the envelopes.
  var jointPath: String?

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> WorkerCounters {
    try await WorkerStop.told { try await work(in: node) }
  }

  private func work(in node: Node) async throws -> WorkerCounters {
    guard try await inlet.isKept(in: node) else {
      var counters = WorkerCounters()
      counters.isLeaving = true
      return counters
    }
    let work = CommandWork(self)
    try await node.withCommand(command) { run in
      run.widenStreams()
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        let words = try await WorkerWords(node, stage: command.executable)
        if let jointPath {
          let joint = try await JointOutput(jointPath, in: node)
          tasks.addTask { try await work.feed(run, from: joint, in: node, saying: words) }
          tasks.addTask { try await work.passEnvelopes() }
        } else {
          tasks.addTask { try await work.feed(run, in: node, saying: words) }
        }
        // Else its output is a joint's, which another command reads.
        let pump = command.standardOutput == .pipe ? output.pump(run) : nil
        if let pump { tasks.addTask { await pump.work() } }
        tasks.addTask {
          if let pump { try await work.passOn(pump) }
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
  func feed(_ run: CommandRun, in node: Node, saying words: WorkerWords) async throws {
    var words = words
    var intake = Intake(worker.inlet, at: worker.place)
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
      try await pass(envelope, cost: clock.processorLap())
      words.counters = counters.now
      try await words.sayCountersIfDue(at: clock.time)
    }
    run.finishSending()
  }

  /// Sends an empty envelope in the place of one.
  private func pass(_ envelope: Envelope<Input>, cost: UInt64) async throws {
    try await outlet.send(
      Emission(capacity: 0).envelope(replacing: envelope, cost: max(envelope.cost, cost)))
  }

  /// Gives the command what comes through a joint, whose last record gets its end if that is
  /// missing.
  func feed(
    _ run: CommandRun, from joint: JointOutput, in node: Node, saying words: WorkerWords
  ) async throws {
    var words = words
    var clock = WorkClock(node)
    var tally = RecordTally(worker.input.end)
    var isReading = true
    func give(_ piece: [UInt8]) async throws {
      let count = tally.count(piece)
      let waited = clock.lap()
      if isReading { isReading = try await write(piece, to: run) }
      let blocked = clock.lap()
      counters.update { counters in
        counters.taken += count
        counters.processed += count
        counters.waiting += waited
        counters.blocked += blocked
      }
      words.counters = counters.now
      try await words.sayCountersIfDue(at: clock.time)
    }
    while let piece = try await joint.next() { try await give(piece) }
    if let end = tally.missingEnd { try await give([end]) }
    run.finishSending()
  }

  /// Passes envelopes on, which hold nothing for a command that reads from a joint.
  func passEnvelopes() async throws {
    var intake = Intake(worker.inlet, at: worker.place)
    while let envelope = try await intake.next() { try await pass(envelope, cost: 0) }
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
      // The source has a window at its run; what a command makes knows of no end but the next
      // stage's.
      if let most = worker.place.mostInFlight, (number + 1).isMultiple(of: UInt64(most)) {
        try await outlet.join()
      }
    }
  }

  /// Returns when the stages behind have acknowledged all.
  func finish() async throws -> WorkerCounters {
    try await outlet.join()
    outlet.finish()
    return counters.now
  }
}
