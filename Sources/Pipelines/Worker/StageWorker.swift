internal import ProcessTree
internal import ProcessTreeBase

/// The program of a node that works at a stage.
struct StageWorker<Body: StageBody>: NodeProgram {
  var body: Body
  var inlet: Receiver<Envelope<Body.Input>>
  /// Two ends of the same channels: see `Settlements`.
  var outlets: [Outlet<Body.Output>]
  var place: WorkerPlace

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> WorkerCounters {
    try await WorkerStop.told {
      var work = try await StageWork(self, in: node)
      do {
        try await place.isStateful ? work.runStateful() : work.runStateless()
        return try await work.finish()
      } catch {
        if Task.isCancelled { await work.sayLastCounters() }
        throw error
      }
    }
  }
}

/// A worker at work: its stage's state, and what it has done.
struct StageWork<Body: StageBody> {
  private var body: Body
  private let inlet: Receiver<Envelope<Body.Input>>
  private let outlets: [Outlet<Body.Output>]
  private let place: WorkerPlace
  private var words: WorkerWords
  private var clock = WorkClock()

  init(_ worker: StageWorker<Body>, in node: Node) async throws {
    body = worker.body
    inlet = worker.inlet
    place = worker.place
    outlets = worker.outlets.map { [fold = worker.place.fold] in $0.folding(fold) }
    words = try await WorkerWords(node, stage: Body.name)
  }

  // MARK: The two ways to work

  /// Acknowledges what it takes only when all that came of it has been taken for good: a successor
  /// does what is left.
  mutating func runStateless() async throws {
    let settlements = Settlements<Body.Input>()
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { [outlets] in
        try await settlements.settle { try await outlets[$0].join() }
      }
      var deliveries = inlet.deliveries.makeAsyncIterator()
      while let delivery = try await counting(
        { try await deliveries.nextUnlessTooLate() }, \.element.items.count)
      {
        let output = try await process(delivery.element, attempt: delivery.attempt)
        let end = try await settlements.begin()
        try await send(output, by: end)
        settlements.through(delivery)
      }
      try await settlements.drain()
      tasks.cancelAll()
    }
  }

  /// Takes every envelope once, in order if that was asked for; nobody could take its place.
  mutating func runStateful() async throws {
    var intake = Intake(inlet, isOrdered: place.isOrdered)
    while let envelope = try await counting({ try await intake.next() }, \.items.count) {
      try await send(try await process(envelope, attempt: 1), by: 0)
    }
  }

  /// Takes something in and counts it, and the time that it was waited for.
  private mutating func counting<Taken>(
    _ take: () async throws -> Taken?, _ count: (Taken) -> Int
  ) async throws -> Taken? {
    words.counters.busy += clock.lap()
    let taken = try await take()
    words.counters.waiting += clock.lap()
    words.counters.taken += UInt64(taken.map(count) ?? 0)
    return taken
  }

  // MARK: One envelope

  private mutating func process(
    _ envelope: Envelope<Body.Input>, attempt: Int
  ) async throws -> Envelope<Body.Output> {
    var emission = Emission<Body.Output>(capacity: envelope.items.count)
    // While the stage computes nothing leaves by itself.
    outlets[0].flush()
    let start = clock.time
    do {
      if attempt > 1 {
        try await processAgain(envelope, into: &emission)
      } else {
        try await body.process(envelope.items.indices, of: envelope, into: &emission)
      }
    } catch {
      let input =
        envelope.id.stream == StreamID.source
        ? envelope.origins.first.saturatingAdding(UInt64(emission.offset)) : nil
      try await words.say(.failed(input: input))
      throw error
    }
    words.counters.busy += clock.lap()
    words.counters.processed += UInt64(envelope.items.count)
    words.counters.emitted += UInt64(emission.items.count)
    let cost = max(clock.time - start, clock.processorLap())
    return emission.envelope(
      replacing: envelope.id, first: envelope.origins.first, cost: max(envelope.cost, cost))
  }

  /// Processes an envelope that ended a worker, or that a worker had which ended.
  private mutating func processAgain(
    _ envelope: Envelope<Body.Input>, into emission: inout Emission<Body.Output>
  ) async throws {
    let items = envelope.items.indices
    let isSingle = items.count == 1
    let permission = try await words.ask(
      Mark(
        envelope: envelope.id, item: isSingle ? 0 : nil,
        input: isSingle ? envelope.input(of: 0) : nil))
    let skipped = Set(permission.skipped)
    for item in items where !skipped.contains(item) {
      if permission.isItemByItem, !isSingle {
        _ = try await words.ask(
          Mark(envelope: envelope.id, item: item, input: envelope.input(of: item)))
      }
      try await body.process(item..<item + 1, of: envelope, into: &emission)
    }
    try await words.sayPassed()
  }

  private mutating func send(_ envelope: Envelope<Body.Output>, by end: Int) async throws {
    words.counters.busy += clock.lap()
    try await outlets[end].send(envelope)
    words.counters.blocked += clock.lap()
    try await words.sayCountersIfDue(at: clock.time)
  }

  // MARK: The end

  /// Sends what the stage has left to say; returns when all has been taken for good.
  mutating func finish() async throws -> WorkerCounters {
    var emission = Emission<Body.Output>(capacity: 0)
    do {
      try await body.finish(into: &emission)
    } catch {
      try await words.say(.failed(input: nil))
      throw error
    }
    // A stage that was interrupted while it waited may have said something else: as with its other
    // envelopes, whoever takes the worker's place makes it again.
    try Task.checkCancellation()
    var parts = EnvelopeParts(emission.items)
    while let part = parts.next() {
      let id = EnvelopeID(
        stream: StreamID.finish(ofWorker: place.worker), number: words.counters.finishEnvelopes)
      words.counters.emitted += UInt64(part.count)
      words.counters.finishEnvelopes += 1
      try await send(
        Envelope(id: id, cost: 0, origins: Origins(from: 0), items: Array(part)), by: 0)
    }
    for outlet in outlets {
      try await outlet.join()
      outlet.finish()
    }
    words.counters.blocked += clock.lap()
    return words.counters
  }

  /// Says what has been done; others take again what is in hands.
  mutating func sayLastCounters() async {
    words.counters.taken = words.counters.processed
    try? await words.say(.counters(words.counters))
  }
}
