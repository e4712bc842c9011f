import ProcessTreeRandomTesting
import Testing

@testable import Pipelines
@testable import ProcessTree

@Suite struct RunLedgerTests {
  private func plan(_ random: inout SeededGenerator) throws -> PipelinePlan {
    let sharing: [StageDescription.Sharing] = [.balanced, .partitioned, .broadcast]
    let stages = (0..<random.int(1...3)).map { _ in
      PipelineShape.stage(
        StageDescription(
          name: "S", workers: random.int(1...3), sharing: sharing[random.int(0...2)],
          isStateless: random.bool()))
    }
    return try PipelinePlan(.chain(stages), isOrdered: random.bool())
  }

  /// Envelopes come back in any order and more than once: the books balance exactly when nothing is
  /// missing.
  @Test func booksBalanceWhenNothingIsMissing() throws {
    var random = SeededGenerator.announced("RunLedger")
    for _ in 0..<iterations(500) {
      var ledger = try RunLedger(plan(&random), seed: 1)
      let width = UInt64(ledger.plan.width)
      var open: [EnvelopeID] = []
      var seen: [EnvelopeID] = []
      var inputs = 0
      for _ in 0..<random.int(0...60) {
        if ledger.window.hasRoom, random.bool() {
          let count = random.int(1...9)
          inputs += count
          let id = ledger.depart(inputs: count)
          open += (0..<width).map { EnvelopeID(stream: 0, number: id.number * width + $0) }
        } else if random.int(0...9) == 0,
          let stage = ledger.plan.stages.randomElement(using: &random)
        {
          ledger.resize(stage: stage.index, to: random.int(1...stage.workers.count))
        } else if let place = open.indices.randomElement(using: &random) {
          let id = open.remove(at: place)
          let isNew = ledger.arrive(id, cost: 1, outputs: 1)
          #expect(isNew, "seed \(random.seed)")
          seen.append(id)
        } else if let id = seen.randomElement(using: &random) {
          let isNew = ledger.arrive(id, cost: 1, outputs: 1)
          #expect(!isNew, "seed \(random.seed)")
        }
        let balances = (try? ledger.checkBalance()) != nil
        #expect(balances == open.isEmpty, "seed \(random.seed)")
      }
      for id in open { _ = ledger.arrive(id, cost: 1, outputs: 1) }
      try ledger.checkBalance()
      let report = ledger.report(after: .seconds(1))
      #expect(report.inputsTaken == UInt64(inputs) && report.inputsDone == UInt64(inputs))
      #expect(report.outputs == UInt64(Set(seen + open).count), "seed \(random.seed)")
    }
  }

  @Test func whatWorkersMadeOfTheirOwnIsMissedAsWell() throws {
    let shape = PipelineShape.chain([
      .stage(StageDescription(name: "A", workers: 1)),
      .stage(StageDescription(name: "B", workers: 2, sharing: .broadcast)),
    ])
    var ledger = try RunLedger(PipelinePlan(shape, isOrdered: false), seed: 1)
    var counters = WorkerCounters()
    counters.finishEnvelopes = 1
    ledger.count(counters, ofWorker: 0)
    // One for each worker of the stage behind.
    for number in UInt64(0)..<2 {
      let failure = #expect(throws: PipelineFailure.self) { try ledger.checkBalance() }
      #expect(failure?.code == .imbalance)
      let id = EnvelopeID(stream: EnvelopeSourceID.finish(ofWorker: 0), number: number)
      _ = ledger.arrive(id, cost: 0, outputs: 3)
    }
    try ledger.checkBalance()
  }

  /// Other places and stages may deliver as they like: a place whose workers get nothing done is
  /// given up.
  @Test func whatOthersDeliverDoesNotKeepAPlaceAlive() throws {
    let shape = PipelineShape.chain([
      .stage(StageDescription(name: "A", workers: 2, isStateless: true)),
      .stage(StageDescription(name: "B", workers: 1, isStateless: true)),
    ])
    var ledger = try RunLedger(PipelinePlan(shape, isOrdered: false), seed: 1)
    _ = ledger.takeOrders()
    for round in 1...Crew.mostFailures {
      ledger.deliver(round)
      let pause = ledger.pause(afterDeathOf: 0, at: round)
      #expect(pause ?? .zero >= .milliseconds(8))
      // One that had done something is followed at once.
      let chain = ledger.die(.killed, at: 100 + round, worker: 1, ofStage: 0)
      let orders = ledger.takeOrders()
      #expect(chain == nil && orders == [.start(1)])
    }
    ledger.deliver(10)
    let chain = ledger.die(.killed, at: 10, worker: 0, ofStage: 0) ?? ""
    #expect(chain.hasPrefix("A-1 (pid 1) killed by SIGKILL"), "\(chain)")
    #expect(chain.contains(" 10 times in ") && chain.hasSuffix("; stage A gave up"), "\(chain)")
  }

  @Test func whatPassesThroughAJointIsCountedWhereItIsRead() throws {
    let shape = PipelineShape.chain([
      .stage(StageDescription(name: "A", workers: 1, isJoined: true)),
      .stage(StageDescription(name: "B", workers: 1, isJoined: true)),
    ])
    var ledger = try RunLedger(PipelinePlan(shape, isOrdered: false), seed: 1)
    for (worker, count) in [9, 5].enumerated() {
      var counters = WorkerCounters()
      counters.taken = UInt64(count)
      counters.processed = UInt64(count)
      ledger.count(counters, ofWorker: worker)
    }
    let report = ledger.report(after: .seconds(1))
    #expect(report.inputsTaken == 9 && report.inputsDone == 9)
    #expect(report.stages.map(\.taken) == [9, 5])
    #expect(report.stages.map(\.emitted) == [5, 0])
    #expect(report.stages.map(\.queued) == [0, 0])
  }

  /// Every copy of an envelope names what was refused, and the first that does is heard.
  @Test(arguments: [[0, 1, 2], [2, 0, 1], [1]])
  func whatIsRefusedIsToldOnce(_ lanes: [UInt64]) throws {
    let shape = PipelineShape.chain([
      .stage(StageDescription(name: "A", workers: 1, isStateless: true)),
      .stage(StageDescription(name: "B", workers: 3, sharing: .broadcast, isStateless: true)),
    ])
    var ledger = try RunLedger(PipelinePlan(shape, isOrdered: false), seed: 1)
    for stream in [EnvelopeSourceID.source, EnvelopeSourceID.flow(ofWorker: 0)] {
      for batch in UInt64(0)..<2 {
        let taken = EnvelopeID(stream: stream, number: batch)
        let refusals = (0..<2).map { item in
          var refusal = Refusal(stage: "A", input: 7, record: [1], failures: ["f"])
          let place = ItemPlace(envelope: taken, count: 2, item: item, input: 7)
          refusal.origin = Refusal.Origin(lane: 0, place: place)
          return refusal
        }
        var told: [Refusal] = []
        for lane in 0..<UInt64(3) {
          let id = EnvelopeID(stream: stream, number: batch * 3 + lane)
          _ = ledger.arrive(id, cost: 0, outputs: 0)
          // A copy that was made before the refusal does not name it; one of another life has other
          // failures.
          var named = lanes.contains(lane) ? refusals : []
          for place in named.indices { named[place].failures.append("\(lane)") }
          told += ledger.refuse(named, in: id)
        }
        #expect(told.map(\.name) == refusals.map(\.name) && told.allSatisfy { $0.record == [1] })
        #expect(ledger.refused.isEmpty)
      }
    }
  }

  @Test func whatIsGivenUpIsToldOnce() throws {
    let stage = StageDescription(name: "A", workers: 1, isStateless: true)
    var ledger = try RunLedger(PipelinePlan(.stage(stage), isOrdered: false), seed: 1)
    var suspicion = Suspicion(envelope: EnvelopeID(stream: 0, number: 0), count: 2, suspects: [])
    let place = ItemPlace(envelope: suspicion.envelope, count: 2, item: 0, input: 7)
    let item = OmittedItem(worker: 0, place: place, record: [1, 2])
    for consumer in 1...3 {
      suspicion.suspects.append(Suspect(consumer: consumer, item: 0, input: 7))
      let early = ledger.judge(suspicion, worker: 0, ofStage: 0)
      #expect(early == nil)
      _ = ledger.die(.killed, at: consumer, worker: 0, ofStage: 0)
      for _ in 0..<2 {
        let omission = ledger.judge(suspicion, worker: 0, ofStage: 0)
        #expect(omission?.skipped == (consumer < 3 ? [] : [0]))
      }
    }
    // An envelope with the input may still come first.
    #expect(ledger.quarantined.isEmpty)
    // Another item stands at the same offset when the envelope is made again without one.
    let other = ItemPlace(envelope: suspicion.envelope, count: 1, item: 0, input: 8)
    for stranger in [
      OmittedItem(worker: 0, place: other), OmittedItem(worker: 9_999, place: place),
    ] {
      #expect(ledger.quarantine([stranger]).isEmpty)
    }
    var given: [QuarantinedInput] = []
    for _ in 0..<2 { given += ledger.quarantine([item]) }
    #expect(given.map(\.input) == [7] && given.map(\.deaths.count) == [3])
    #expect(given.map(\.record) == [[1, 2]])
    // The record comes with the envelope, and nothing keeps it.
    #expect(ledger.quarantined.map(\.record) == [nil])
    #expect(ledger.quarantineAll() == ledger.quarantined[0])
  }

  /// A worker that dies at an item has got as far as that, although it could not report it.
  @Test func workersThatDieAtItemsDoNotEndARun() throws {
    let stage = StageDescription(name: "A", workers: 1, isStateless: true)
    var ledger = try RunLedger(PipelinePlan(.stage(stage), isOrdered: false), seed: 1)
    _ = ledger.takeOrders()
    for consumer in 1...50 {
      let pause = ledger.pause(afterDeathOf: 0, at: consumer) ?? .zero
      #expect((0.8...1.2).contains(pause / .milliseconds(10)), "\(pause)")
      let suspicion = Suspicion(
        envelope: EnvelopeID(stream: 0, number: UInt64(consumer)), count: 1,
        suspects: [Suspect(consumer: consumer, item: 0, input: nil)])
      // However often the envelope is delivered.
      for _ in 0..<2 { _ = ledger.judge(suspicion, worker: 0, ofStage: 0) }
    }
  }

  /// A worker that waits for its first envelope or gets on with it shows that its place works,
  /// whatever kills it then; what it does by itself counts, and so does a death with an envelope of
  /// which nothing is done.
  @Test func workersThatAreKilledWhileTheyAreWellDoNotEndARun() throws {
    let stage = StageDescription(name: "A", workers: 1, isStateless: true)
    var waits = WorkerCounters()
    for (taken, begun, cause, isExcused) in [
      (0, 0, ExitCause.killed(signal: 9), true), (0, 0, .crashed(signal: 4), false),
      (0, 0, .exitedWithoutResult(code: 3), false), (0, 0, .outOfMemory, false),
      (7, 0, .killed(signal: 9), false), (7, 2, .killed(signal: 9), true),
      (7, 2, .outOfMemory, false),
    ] {
      var ledger = try RunLedger(PipelinePlan(.stage(stage), isOrdered: false), seed: 1)
      var report = ExitReport.killed
      report.cause = cause
      waits.taken = UInt64(taken)
      waits.begun = UInt64(begun)
      for consumer in 1...50 {
        ledger.count(waits, ofWorker: 0)
        if ledger.die(report, at: consumer, worker: 0, ofStage: 0) != nil { break }
        ledger.now += .seconds(2)
        ledger.handle(.timePassed, of: 0, ofStage: 0)
      }
      #expect(ledger.report(after: .zero).stages[0].restarts == (isExcused ? 50 : 10), "\(cause)")
    }
  }

  @Test func retiredWorkersAreNoDeathsAndStayInTheReport() throws {
    let stage = StageDescription(name: "A", workers: 2, isStateless: true)
    var ledger = try RunLedger(PipelinePlan(.stage(stage), isOrdered: false), seed: 1)
    #expect(ledger.window.limit == 24)
    ledger.resize(stage: 0, to: 5)
    #expect(ledger.window.limit == 48 && ledger.report(after: .zero).stages[0].workers == 5)
    var counters = WorkerCounters()
    counters.taken = 4
    counters.processed = 4
    counters.finishEnvelopes = 1
    ledger.count(counters, ofWorker: 4)
    ledger.retire(at: 1, worker: 4, ofStage: 0)
    ledger.resize(stage: 0, to: 1)
    let report = ledger.report(after: .seconds(1)).stages[0]
    #expect(report.workers == 1 && report.taken == 4 && report.restarts == 0)
    // What it was working on is not to blame.
    let suspects = Array(repeating: Suspect(consumer: 1, item: 0, input: nil), count: 3)
    let verdict = ledger.judge(
      Suspicion(envelope: EnvelopeID(stream: 0, number: 0), count: 1, suspects: suspects),
      worker: 0, ofStage: 0)
    #expect(verdict?.skipped == [])
    // Its last outputs count with those of its successor.
    _ = ledger.arrive(
      EnvelopeID(stream: EnvelopeSourceID.finish(ofWorker: 4), number: 0), cost: 0, outputs: 1)
    #expect(throws: PipelineFailure.self) { try ledger.checkBalance() }
    ledger.count(counters, ofWorker: 4)
    try ledger.checkBalance()
  }

  @Test func reportsSumWorkersUp() throws {
    let shape = PipelineShape.chain([
      .stage(StageDescription(name: "A", workers: 2)),
      .stage(StageDescription(name: "B", workers: 2, sharing: .broadcast)),
    ])
    var ledger = try RunLedger(PipelinePlan(shape, isOrdered: false), seed: 1)
    _ = ledger.depart(inputs: 10)
    for worker in 0..<2 {
      var counters = WorkerCounters()
      counters.taken = 4
      counters.processed = 3
      counters.emitted = 6
      counters.busy = 1_000_000
      ledger.count(counters, ofWorker: worker)
    }
    let report = ledger.report(after: .seconds(2))
    #expect(report.stages.map(\.taken) == [8, 0])
    #expect(report.stages.map(\.emitted) == [12, 0])
    #expect(report.stages.map(\.queued) == [2, 24])
    #expect(report.stages.map(\.inFlight) == [2, 0])
    #expect(report.stages[0].rate == 4 && report.stages[0].busyTime == .milliseconds(2))
  }
}

extension RunLedger {
  /// The worker with the number 1 and the pipeline's end do something.
  fileprivate mutating func deliver(_ round: Int) {
    var counters = WorkerCounters()
    counters.processed = UInt64(round)
    count(counters, ofWorker: 1)
    _ = arrive(depart(inputs: 1), cost: 0, outputs: 1)
  }

  /// A worker of the first stage dies; the pause before its successor starts, which then passes.
  fileprivate mutating func pause(afterDeathOf worker: Int, at position: Int) -> Duration? {
    guard die(.killed, at: position, worker: worker, ofStage: 0) == nil,
      case .wait(worker, let pause) = takeOrders()?.first
    else { return nil }
    now += pause
    handle(.timePassed, of: worker, ofStage: 0)
    return takeOrders() == [.start(worker)] ? pause : nil
  }
}

extension ExitReport {
  /// The end of a worker that somebody killed.
  fileprivate static var killed: Self {
    Self(
      node: "A-1", pid: 1, status: .signaled(9, coreDumped: false), cause: .killed(signal: 9),
      lifetime: .zero, lastErrorLines: [], crashAccount: [])
  }
}
