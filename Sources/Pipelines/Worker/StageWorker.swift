internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeStages

/// The program of a node that works at a stage.
struct StageWorker<Work: Step>: NodeProgram {
  var step: Work
  var inlet: Receiver<Envelope<Work.Input>>
  /// Two ends of the same channels: see `Settlements`.
  var outlets: [Outlet<Work.Output>]
  var place: WorkerPlace

  static var spawnsChildren: Bool { Work._traits.spawnsChildren }
  static var worksSynchronously: Bool { !Work._traits.suspends }

  func run(in node: Node) async throws -> WorkerCounters {
    try await WorkerStop.told {
      var work = try await StageWork(self, in: node)
      do {
        guard try await work.run() else { return work.leave() }
        return try await work.finish()
      } catch {
        if Task.isCancelled { await work.sayLastCounters() }
        throw error
      }
    }
  }
}

/// A worker at work: its stage's state, and its counters.
struct StageWork<Work: Step> {
  private var step: Work
  private let node: Node
  private let inlet: Receiver<Envelope<Work.Input>>
  private let outlets: [Outlet<Work.Output>]
  private let place: WorkerPlace
  private var words: WorkerWords
  private var clock: WorkClock
  private var hasTaken = false

  init(_ worker: StageWorker<Work>, in node: Node) async throws {
    step = worker.step
    self.node = node
    inlet = worker.inlet
    place = worker.place
    outlets = worker.outlets.map { [fold = worker.place.fold] in $0.folding(fold) }
    words = try await WorkerWords(node, stage: String(describing: Work.self))
    clock = WorkClock(node)
  }

  // MARK: The two ways to work

  /// Takes all envelopes; false if others are to take the rest, because the node is asked to drain.
  mutating func run() async throws -> Bool {
    guard place.isStateful else {
      try await runStateless()
      return !node.isDraining
    }
    guard try await inlet.isKept(in: node) else { return false }
    try await runStateful()
    return true
  }

  /// Acknowledges each envelope only after its outputs have been acknowledged: a successor
  /// processes the others.
  private mutating func runStateless() async throws {
    let settlements = Settlements<Work.Input>()
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { [outlets] in
        try await settlements.settle { try await outlets[$0].join() }
      }
      var deliveries = inlet.deliveries.makeAsyncIterator()
      while let delivery = try await counting(
        { try await deliveries.nextUnlessTooLate() }, \.element.items.count)
      {
        let output = try await process(delivery.element, from: delivery)
        let end = try await settlements.begin()
        try await send(output, by: end)
        settlements.through(delivery)
      }
      try await settlements.drain()
      tasks.cancelAll()
    }
  }

  /// Takes every envelope once, in order if that was asked for; nobody could take its place.
  private mutating func runStateful() async throws {
    var intake = Intake(inlet, at: place)
    while let envelope = try await counting({ try await intake.next() }, \.items.count) {
      try await send(try await process(envelope), by: 0)
    }
  }

  /// Takes something in and counts it, and the time that it was waited for.
  private mutating func counting<Taken>(
    _ take: () async throws -> Taken?, _ count: (Taken) -> Int
  ) async throws -> Taken? {
    words.counters.busy += clock.lap()
    // Whether a worker that dies had an envelope decides on its successor: see `RunLedger.die`.
    let isFirst = !hasTaken
    if isFirst { try await words.say(.counters(words.counters)) }
    let taken = try await take()
    words.counters.waiting += clock.lap()
    words.counters.taken += UInt64(taken.map(count) ?? 0)
    if isFirst { try await words.say(.counters(words.counters)) }
    hasTaken = true
    return taken
  }

  // MARK: One envelope

  /// - Parameter delivery: The delivery of the envelope to a worker that can be replaced.
  private mutating func process(
    _ envelope: Envelope<Work.Input>, from delivery: Delivery<Envelope<Work.Input>>? = nil
  ) async throws -> Envelope<Work.Output> {
    var outputs = noOutputs(capacity: envelope.items.count)
    // As long as nothing is done in a life, its first progress counts: see `RunLedger.die`.
    if words.counters.processed == 0 { outputs.onProgress = words.sayingProgress }
    let parts = try await parts(of: envelope, from: delivery)
    let items = Array(parts.joined())
    // While the step computes, nothing leaves by itself.
    outlets[0].flush()
    let start = clock.time
    do {
      // Outputs are encoded later: a death of them is no item's.
      defer { delivery?.notes?.clear() }
      for part in parts {
        outputs.noteInputs(from: part.lowerBound, in: delivery?.notes)
        try await step._process(
          envelope.items[part], separately: false, into: &outputs, in: node)
      }
    } catch {
      let failed = items.indices.contains(outputs.inputCount) ? items[outputs.inputCount] : 0
      try await words.say(.failed(input: envelope.input(of: failed)))
      throw error
    }
    words.counters.busy += clock.lap()
    words.counters.processed += UInt64(envelope.items.count)
    words.counters.emitted += UInt64(outputs.values.count)
    let cost = max(clock.time - start, clock.processorLap())
    let refusals = outputs.refusals.map { refused in
      let origin = envelope.place(of: items[refused.offset])
      var refusal = Refusal(
        stage: refused.stage, input: origin.input, record: refused.record,
        failures: refused.failures)
      refusal.origin = Refusal.Origin(lane: place.lane, place: origin)
      return refusal
    }
    return Envelope(
      id: envelope.id, cost: max(envelope.cost, cost),
      origins: envelope.origins.origins(of: outputs, madeOf: items), items: outputs.values,
      refusals: envelope.refusals + refusals,
      omissions: envelope.omissions + omissions(of: envelope, without: parts))
  }

  /// The items of an envelope that are in none of the parts.
  private func omissions(
    of envelope: Envelope<Work.Input>, without parts: [Range<Int>]
  ) -> [OmittedItem] {
    guard parts != [envelope.items.indices] else { return [] }
    let left = RangeSet(envelope.items.indices).subtracting(RangeSet(parts)).ranges.joined()
    return left.map {
      OmittedItem(
        worker: place.worker, place: envelope.place(of: $0), record: envelope.items[$0] as? [UInt8])
    }
  }

  private func noOutputs(capacity: Int) -> StepOutputs<Work.Output> {
    StepOutputs(isOneToOne: Work._traits.isOneToOne, capacity: capacity)
  }

  /// The items to process: all, without those that the run gives up because they end workers.
  private mutating func parts(
    of envelope: Envelope<Work.Input>, from delivery: Delivery<Envelope<Work.Input>>?
  ) async throws -> [Range<Int>] {
    let suspects = delivery.map { zip($0.consumersOfSuspects, $0.suspects) } ?? zip([], [])
    // A worker that went mad may have noted anything.
    let known = suspects.filter { envelope.items.indices.contains($0.1) }.map { consumer, item in
      Suspect(consumer: consumer, item: item, input: envelope.input(of: item))
    }
    guard !known.isEmpty else { return [envelope.items.indices] }
    let skipped = try await words.ask(
      Suspicion(envelope: envelope.id, count: envelope.items.count, suspects: known))
    var items = RangeSet(envelope.items.indices)
    for item in skipped { items.remove(item, within: envelope.items) }
    return Array(items.ranges)
  }

  private mutating func send(_ envelope: Envelope<Work.Output>, by end: Int) async throws {
    words.counters.busy += clock.lap()
    if words.isDue(at: clock.time) {
      try await sayingWhileItWaits { [outlet = outlets[end]] in try await outlet.send(envelope) }
    } else {
      try await outlets[end].send(envelope)
    }
    words.counters.blocked += clock.lap()
    try await words.sayCountersIfDue(at: clock.time)
  }

  /// Sends, and reports the counters if that has to wait: finished outputs have been made, however
  /// long the stages behind have no room for it.
  private func sayingWhileItWaits(
    _ send: @escaping @Sendable () async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { [word = words.sayingCounters] in
        guard !Task.isCancelled else { return }
        try await word()
      }
      try await send()
      tasks.cancelAll()
    }
  }

  // MARK: The end

  /// Sends the stage's last outputs; returns when all outputs have been acknowledged.
  mutating func finish() async throws -> WorkerCounters {
    var outputs = noOutputs(capacity: 0)
    do {
      try await step._finish(into: &outputs)
    } catch {
      try await words.say(.failed(input: nil))
      throw error
    }
    // A stage that was interrupted while it waited may have emitted something else: its successor
    // makes that again, as it does with other envelopes.
    try Task.checkCancellation()
    var parts = EnvelopeParts(outputs.values)
    while let part = parts.next() {
      let id = EnvelopeID(
        stream: EnvelopeSourceID.finish(ofWorker: place.worker),
        number: words.counters.finishEnvelopes)
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

  /// The counters for a run that is to go on without this worker.
  func leave() -> WorkerCounters {
    var counters = words.counters
    counters.isLeaving = true
    return counters
  }

  /// Reports the last counters; others process the unfinished envelopes.
  mutating func sayLastCounters() async {
    words.counters.taken = words.counters.processed
    try? await words.say(.counters(words.counters))
  }
}

extension Origins {
  /// The origins of a step's outputs.
  ///
  /// - Parameters:
  ///   - outputs: The outputs.
  ///   - items: The places of the items that they were made of, in order.
  func origins<Output>(of outputs: StepOutputs<Output>, madeOf items: [Int]) -> Origins {
    guard let counts = outputs.counts else {
      let isWhole = items.last.map { $0 + 1 == items.count } ?? true
      return isWhole ? self : Origins(from: first, offsets: items.map(offset(of:)))
    }
    var offsets: [UInt32] = []
    offsets.reserveCapacity(outputs.values.count)
    for (item, count) in zip(items, counts) {
      for _ in 0..<count { offsets.append(offset(of: item)) }
    }
    // Offsets that follow the inputs one by one need not travel.
    let isOneByOne = offsets.indices.allSatisfy { offsets[$0] == UInt32(truncatingIfNeeded: $0) }
    return Origins(from: first, offsets: isOneByOne ? [] : offsets)
  }
}
