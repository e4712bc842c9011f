internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeStages
internal import ProcessTreeSupervision

/// The books of a run as a value: inputs and outputs, the crews of its stages with the counters of
/// each worker, deaths, and inputs that were given up.
struct RunLedger {
  let plan: PipelinePlan
  /// The time since the run began.
  var now = Duration.zero
  private(set) var window: FlightWindow
  /// How many inputs the next envelope has.
  ///
  /// An envelope is long enough that its own cost does not count, and short enough that all workers
  /// have something to do. An envelope that took longer may only have waited for a processor.
  private(set) var sizer = BatchSizer(aim: .milliseconds(2), growth: 2, slowerWeight: 1 / 8)
  private var arrived = TakenEnvelopes()
  private var outputs: UInt64 = 0
  /// The counters of the former lives of each worker, and of the present one.
  private var former: [WorkerCounters]
  private var present: [WorkerCounters]
  private var crews: [Crew]
  private var orders: [Crew.Order] = []
  private var restarts: [Int]
  private var suspects: [Suspects<ExitReport>]
  private(set) var quarantined: [QuarantinedInput] = []
  /// What workers leave out, until an envelope without it has come to the end; without the records.
  private var omitted: [OmittedItem: QuarantinedInput] = [:]
  /// The refusals that came with some of the envelopes that one has become, until all of these have
  /// come.
  private(set) var refused: [EnvelopeID: Set<Refusal>] = [:]
  /// The places whose workers have reported that they are ready to take envelopes.
  private var ready: Set<Int> = []
  /// The places of workers that seemed to have got nothing done, by the positions of these workers.
  private var fruitless: [Int: Int] = [:]

  /// - Parameter seed: Decides the jitter of pauses.
  init(_ plan: PipelinePlan, seed: UInt64) throws {
    self.plan = plan
    crews = try plan.stages.map { stage in
      try Crew(
        StageInWords.text(stage.index, stage.description.name), count: stage.description.workers,
        of: stage.workers, seed: seed &+ UInt64(stage.index))
    }
    window = FlightWindow(
      limit: PipelinePlan.envelopesInFlight(workers: crews.map(\.count).reduce(0, +)),
      width: plan.width, keepsTogether: plan.restoresOrder)
    former = Array(repeating: WorkerCounters(), count: plan.workerCount)
    present = former
    restarts = plan.stages.map { _ in 0 }
    suspects = plan.stages.map {
      Suspects(limit: $0.description.attempts, isPartitioned: $0.description.sharing != .balanced)
    }
    // Receivers start before their senders.
    for stage in crews.indices.reversed() { orders += crews[stage].begin(at: now) }
  }

  // MARK: Source and end

  /// Notes a batch of inputs that leaves; the identity of its envelope.
  mutating func depart(inputs: Int) -> EnvelopeID {
    EnvelopeID(stream: EnvelopeSourceID.source, number: window.depart(inputs: inputs))
  }

  /// Notes an envelope at the end of the pipeline; false when it has come before.
  mutating func arrive(_ id: EnvelopeID, cost: UInt64, outputs count: Int) -> Bool {
    guard arrived.insert(id) else { return false }
    outputs += UInt64(count)
    if id.stream == EnvelopeSourceID.source, let batch = window.arrive(id.number, cost: cost) {
      sizer.record(items: batch.inputs, nanoseconds: batch.cost)
    }
    return true
  }

  /// Notes the items that stages gave up, as an envelope at the end of the pipeline reports them.
  ///
  /// - Returns: Those that no other envelope of the same origin has reported.
  mutating func refuse(_ refusals: [Refusal], in id: EnvelopeID) -> [Refusal] {
    let width = plan.width(of: id.stream)
    let first = EnvelopeID(stream: id.stream, number: id.number / width)
    guard width > 1, !refusals.isEmpty || refused[first] != nil else { return refusals }
    let news = refusals.filter { refused[first, default: []].insert($0.name).inserted }
    let isWhole = (0..<width).allSatisfy { lane in
      let number = (first.number * width).saturatingAdding(lane)
      return arrived.contains(EnvelopeID(stream: id.stream, number: number))
    }
    if isWhole { refused[first] = nil }
    return news
  }

  /// Notes that the source has nothing more; the stages for which therefore nothing more comes.
  mutating func endSource() -> [Int] {
    endFeed(of: plan.stages.filter(\.feeders.isEmpty).map(\.index))
  }

  /// Noted before the channels end: a worker that finds the end is known to have come after it.
  private mutating func endFeed(of stages: [Int]) -> [Int] {
    for stage in stages where stage < crews.count { crews[stage].feedEnded() }
    return stages
  }

  // MARK: Workers

  /// Whether nothing more comes for a stage: a worker finds the end of its input only then.
  func isFed(_ stage: Int) -> Bool { crews[stage].isFed }

  /// Takes the orders about workers: an empty list when all stages are over, nil while there are
  /// none yet.
  mutating func takeOrders() -> [Crew.Order]? {
    guard !orders.isEmpty || crews.allSatisfy(\.isOver) else { return nil }
    defer { orders = [] }
    return orders
  }

  /// Changes how many workers a stage has.
  mutating func resize(stage: Int, to count: Int) {
    orders += crews[stage].resize(to: count, at: now)
    window.limit = PipelinePlan.envelopesInFlight(workers: crews.map(\.count).reduce(0, +))
  }

  /// Whether a worker was asked to stop.
  func isLeaving(_ worker: Int, ofStage stage: Int) -> Bool { crews[stage].isLeaving(worker) }

  /// Notes what happened to a worker; its end has functions of its own.
  mutating func handle(_ event: Crew.Event, of worker: Int, ofStage stage: Int) {
    orders += crews[stage].handle(event, of: worker, at: now)
  }

  /// Notes that a worker has come to its end; the stages for which nothing more comes because of
  /// that, with the number of all stages for the end of the pipeline.
  mutating func finish(_ counters: WorkerCounters, worker: Int, ofStage stage: Int) -> [Int] {
    count(counters, ofWorker: worker)
    handle(.ended(.normal), of: worker, ofStage: stage)
    guard crews[stage].isOver else { return [] }
    let inputs = plan.stages.map(\.feeders) + [plan.last]
    return endFeed(
      of: inputs.indices.filter { place in
        inputs[place].contains(stage) && inputs[place].allSatisfy { crews[$0].isOver }
      })
  }

  /// Notes the counters of a worker.
  mutating func count(_ counters: WorkerCounters, ofWorker worker: Int) {
    present[worker] = counters
    ready.insert(worker)
  }

  /// Decides on the items of an envelope at which workers died; nil until all their ends are known.
  mutating func judge(_ suspicion: Suspicion, worker: Int, ofStage stage: Int) -> Omission? {
    guard let verdict = suspects[stage].judge(suspicion, worker: worker) else { return nil }
    for suspect in suspicion.suspects {
      guard let worker = fruitless.removeValue(forKey: suspect.consumer) else { continue }
      handle(.excused, of: worker, ofStage: stage)
    }
    for given in verdict.givenUp {
      let input = QuarantinedInput(
        stage: stage, stageName: plan.stages[stage].description.name,
        input: given.suspect.input.map { Int(clamping: $0) }, deaths: given.deaths)
      let item = OmittedItem(worker: worker, place: suspicion.place(of: given.suspect))
      omitted[inCommon(item, ofStage: stage)] = input
    }
    return Omission(skipped: verdict.skipped)
  }

  /// Notes that an envelope without these items has come to the end, the first with its number.
  ///
  /// - Returns: The inputs that are quarantined with this.
  mutating func quarantine(_ items: [OmittedItem]) -> [QuarantinedInput] {
    items.compactMap { item in
      guard let stage = plan.stages.first(where: { $0.workers.contains(item.worker) }),
        var input = omitted.removeValue(forKey: inCommon(item, ofStage: stage.index))
      else { return nil }
      quarantined.append(input)
      input.record = item.record
      return input
    }
  }

  /// Gives up at once all that workers leave out; the first input that was given up.
  mutating func quarantineAll() -> QuarantinedInput? {
    quarantined += omitted.values.sorted { ($0.input ?? 0) < ($1.input ?? 0) }
    omitted = [:]
    return quarantined.first
  }

  /// The item for all workers that may get its envelope, without its record.
  private func inCommon(_ item: OmittedItem, ofStage stage: Int) -> OmittedItem {
    let stage = plan.stages[stage]
    let isShared = stage.description.sharing == .balanced
    return OmittedItem(
      worker: isShared ? stage.workers.lowerBound : item.worker, place: item.place)
  }

  /// Notes the death of a worker that can be replaced.
  ///
  /// - Parameter position: The worker's position among the children of the run's node; nil if it
  ///   was not started.
  /// - Returns: How it came to that it has no successor, in one line; nil if it has one.
  mutating func die(
    _ report: ExitReport, at position: Int?, worker: Int, ofStage stage: Int
  ) -> String? {
    if let position { suspects[stage].end(of: position, report) }
    // A worker that had begun an item is excused when another one gets the item. What a signal from
    // outside does to one that waits for its first envelope, or has got on with it, shows nothing
    // about its place.
    let (counters, isReady) = (present[worker], ready.contains(worker))
    let isFruitful =
      counters.processed > 0
      || isReady && report.cause.isFromOutside && (counters.taken == 0 || counters.begun > 0)
    if isFruitful {
      fruitless = fruitless.filter { $0.value != worker }
    } else if let position {
      fruitless[position] = worker
    }
    leave(worker)
    restarts[stage] += 1
    let verdict: SupervisorLife.Verdict = isFruitful ? .fruitful : .abnormal
    handle(.ended(verdict, account: "\(report)"), of: worker, ofStage: stage)
    return crews[stage].gaveUp
  }

  /// Notes that a worker has gone by the fault of its host: nothing that it had is to blame for
  /// that, nor is its place.
  ///
  /// - Parameter position: The worker's position among the children; nil if it was not made.
  /// - Returns: How it came to that it has no successor, in one line; nil if it has one.
  mutating func lose(
    at position: Int?, worker: Int, ofStage stage: Int, _ account: String
  ) -> String? {
    if let position { suspects[stage].end(of: position, nil) }
    leave(worker)
    restarts[stage] += 1
    handle(.ended(.fruitful, account: account), of: worker, ofStage: stage)
    return crews[stage].gaveUp
  }

  /// Notes that a worker has gone that was asked to stop: nothing that it had is to blame for that.
  ///
  /// - Parameter position: The worker's position among the children; nil if it was not made.
  mutating func retire(at position: Int?, worker: Int, ofStage stage: Int) {
    leave(worker)
    if let position { suspects[stage].end(of: position, nil) }
    fruitless = fruitless.filter { $0.value != worker }
    handle(.ended(.asked), of: worker, ofStage: stage)
  }

  private mutating func leave(_ worker: Int) {
    former[worker] += present[worker]
    present[worker] = WorkerCounters()
    ready.remove(worker)
  }

  // MARK: The end

  /// Throws unless everything that was taken, and all that workers made of their own, has arrived.
  func checkBalance() throws {
    var isComplete = window.count == 0 && window.inputsDone == window.inputsTaken
    for stage in plan.stages {
      for worker in stage.workers {
        let width = UInt64(stage.widthBehind)
        let flow = arrived.count(of: EnvelopeSourceID.flow(ofWorker: worker))
        let finish = arrived.count(of: EnvelopeSourceID.finish(ofWorker: worker))
        let said = present[worker]
        if flow != said.flowEnvelopes.saturatingMultiplied(by: width) { isComplete = false }
        if finish != said.finishEnvelopes.saturatingMultiplied(by: width) { isComplete = false }
      }
    }
    guard !isComplete else { return }
    throw PipelineFailure(
      .imbalance,
      "\(window.inputsTaken) inputs were taken, \(window.inputsDone) were done, "
        + "\(quarantined.count) were quarantined")
  }

  /// How the run stands.
  func report(after elapsed: Duration) -> PipelineReport {
    var report = PipelineReport()
    report.elapsed = elapsed
    report.inputsTaken = Int(clamping: window.inputsTaken)
    report.inputsDone = Int(clamping: window.inputsDone)
    report.outputs = Int(clamping: outputs)
    report.quarantined = quarantined
    let sums = sums
    for stage in plan.stages where stage.description.isJoined && stage.feeders.isEmpty {
      report.inputsTaken = Int(clamping: sums[stage.index].taken)
      report.inputsDone = Int(clamping: sums[stage.index].processed)
    }
    let seconds = max(elapsed / .seconds(1), 0.000_001)
    for stage in plan.stages {
      let sum = sums[stage.index]
      let made =
        stage.feeders.isEmpty
        ? UInt64(report.inputsTaken)
        : stage.feeders.reduce(0) { $0.saturatingAdding(sums[$1].emitted) }
      let copies = stage.description.sharing == .broadcast ? UInt64(stage.description.workers) : 1
      var line = StageReport(
        index: stage.index, name: stage.description.name, workers: crews[stage.index].count)
      line.taken = Int(clamping: sum.taken)
      line.emitted = Int(clamping: sum.emitted)
      line.queued = Int(
        clamping: made.saturatingMultiplied(by: copies).saturatingSubtracting(sum.taken))
      line.inFlight = Int(clamping: sum.taken - min(sum.processed, sum.taken))
      line.rate = Double(sum.taken) / seconds
      line.busyTime = .nanoseconds(Int64(clamping: sum.busy))
      line.waitTime = .nanoseconds(Int64(clamping: sum.waiting))
      line.blockedTime = .nanoseconds(Int64(clamping: sum.blocked))
      line.restarts = restarts[stage.index]
      report.stages.append(line)
    }
    return report
  }

  /// The counters of each stage.
  private var sums: [WorkerCounters] {
    var sums = plan.stages.map { stage in
      stage.workers.reduce(into: WorkerCounters()) { sum, worker in
        sum += former[worker]
        sum += present[worker]
      }
    }
    // What passes through a pipe is counted where it is read.
    for stage in plan.stages where stage.description.isJoined {
      for feeder in stage.feeders { sums[feeder].emitted = sums[stage.index].taken }
    }
    return sums
  }
}
