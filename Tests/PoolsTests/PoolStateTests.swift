import Testing

@testable import Pools

/// A state with one kind of work and calls to it that read well.
private struct Bench {
  var state: PoolState<Int>
  let kind: Int
  var now: Duration = .zero
  /// The actions that nobody has looked at.
  private(set) var actions: [PoolState<Int>.Action] = []

  init(size: Int = 2, settings: PoolState<Int>.Settings = .init()) {
    state = PoolState(size: size, settings: settings)
    kind = state.makeKind()
  }

  mutating func open(_ items: Int, _ policy: JobPolicy = JobPolicy()) -> Int {
    let id = state.open(kind: kind, policy)
    state.submit(items, to: id, at: now)
    return id
  }

  /// The workers that are to be started, which then are ready.
  mutating func startWorkers() -> [Int] {
    actions += state.takeActions()
    var started: [Int] = []
    actions.removeAll { action in
      guard case .startWorker(let id, _) = action else { return false }
      started.append(id)
      return true
    }
    for id in started { state.workerReady(id, at: now) }
    return started
  }

  /// The batches that are to be sent: number, items, worker.
  mutating func sent() -> [(batch: Int, items: Range<Int>, worker: Int)] {
    actions += state.takeActions()
    defer { actions = [] }
    return actions.compactMap { action in
      guard case .send(let batch, _, let items, let worker) = action else { return nil }
      return (batch, items, worker)
    }
  }

  mutating func finish(
    _ batch: (batch: Int, items: Range<Int>, worker: Int), nanoseconds: Int = 1_000
  ) {
    _ = state.reply(
      BatchProgress(
        done: batch.items.count, isLast: true, nanoseconds: nanoseconds * batch.items.count),
      to: batch.batch, from: batch.worker, at: now)
  }
}

@Suite struct PoolStateTests {
  @Test func anIdleWorkerIsReusedBeforeAnotherStarts() {
    var bench = Bench(size: 4)
    for _ in 0..<10 {
      _ = bench.open(1)
      _ = bench.startWorkers()
      for batch in bench.sent() { bench.finish(batch) }
    }
    #expect(bench.state.counters.workersStarted == 1)
    #expect(bench.state.counters.completed == 10)
  }

  @Test func workersStartForWorkThatWaitsAndNoMoreThanAllowed() {
    var bench = Bench(size: 3)
    _ = bench.open(100)
    #expect(bench.startWorkers().count == 3)
    #expect(bench.sent().map(\.items) == [0..<1, 1..<2, 2..<3])
  }

  @Test func aSecondBatchIsGivenOnlyBehindAShortOne() throws {
    var bench = Bench(size: 1)
    _ = bench.open(100)
    _ = bench.startWorkers()
    let first = try #require(bench.sent().first)
    // A millisecond and more an item: none is given ahead.
    bench.finish(first, nanoseconds: 2_000_000)
    #expect(bench.sent().count == 1)
    var other = Bench(size: 1)
    _ = other.open(100)
    _ = other.startWorkers()
    other.finish(try #require(other.sent().first))
    #expect(other.sent().count == 2)
  }

  @Test func whatWasNotBegunGoesToOthersInOrder() throws {
    var bench = Bench(size: 1)
    let job = bench.open(10)
    let worker = try #require(bench.startWorkers().first)
    bench.finish(try #require(bench.sent().first))
    let sent = bench.sent()
    #expect(sent.map(\.items) == [1..<5, 5..<9])
    _ = bench.state.reply(
      BatchProgress(done: 1, isLast: true, nanoseconds: 4_000_000), to: sent[0].batch, from: worker,
      at: bench.now)
    #expect(bench.state.jobs[job]?.pending.first?.items == 2..<5)
  }

  @Test func theItemThatAWorkerNotedIsBlamedAndTheOthersTravelTogether() throws {
    var bench = Bench(size: 1, settings: .init(attempts: 2))
    let job = bench.open(6)
    var worker = try #require(bench.startWorkers().first)
    bench.finish(try #require(bench.sent().first))
    for report in 8...9 {
      let batch = try #require(bench.sent().first)
      #expect(batch.items == 1..<5)
      bench.state.workerEnded(worker, report, at: (batch.batch, 2), now: bench.now)
      bench.now += .seconds(1)
      worker = try #require(bench.startWorkers().first)
    }
    let failed = bench.actions.compactMap { action -> [Int]? in
      guard case .fail(job, 3, 2, .killedWorkers(let deaths)) = action else { return nil }
      return deaths
    }
    #expect(failed == [[8, 9]])
    #expect(bench.sent().map(\.items) == [1..<3, 4..<5])
  }

  /// A worker may die while it codes items, before and after it works on them.
  @Test func itemsOfWhichNobodyKnowsTheGuiltyTravelOneByOne() throws {
    var bench = Bench(size: 1, settings: .init(attempts: 2))
    let job = bench.open(3)
    var worker = try #require(bench.startWorkers().first)
    bench.finish(try #require(bench.sent().first))
    #expect(bench.sent().map(\.items) == [1..<3])
    bench.state.workerEnded(worker, 7, at: nil, now: bench.now)
    for report in 8...9 {
      bench.now += .seconds(1)
      worker = try #require(bench.startWorkers().first)
      #expect(bench.sent().map(\.items) == [1..<2])
      bench.state.workerEnded(worker, report, at: nil, now: bench.now)
    }
    var reports: [Int] = []
    for case .fail(job, 1, 2, .killedWorkers(let deaths)) in bench.state.actions {
      reports = deaths
    }
    #expect(reports == [8, 9])
    _ = bench.startWorkers()
    #expect(bench.sent().map(\.items) == [2..<3])
  }

  @Test func aDeadlineKillsTheWorkerAndNamesItself() throws {
    var bench = Bench(size: 1)
    _ = bench.open(2, JobPolicy(deadline: .milliseconds(10)))
    let worker = try #require(bench.startWorkers().first)
    #expect(bench.sent().map(\.items) == [0..<1])
    #expect(bench.state.nextDue == .milliseconds(10))
    bench.state.tick(at: .milliseconds(9))
    #expect(bench.state.takeActions().isEmpty)
    bench.state.tick(at: .milliseconds(10))
    guard case .kill(worker) = bench.state.takeActions().first else {
      return #expect(Bool(false), "not killed")
    }
    bench.state.workerEnded(worker, 5, at: nil, now: .milliseconds(11))
    guard case .fail(_, 0, 1, .deadline(.milliseconds(10), 5)) = bench.state.takeActions().first
    else { return #expect(Bool(false), "not said") }
  }

  @Test func anErrorIsTriedAgainAfterAWait() throws {
    var bench = Bench(size: 1)
    let job = bench.open(1, JobPolicy(attempts: 3, backoff: .milliseconds(100)))
    let worker = try #require(bench.startWorkers().first)
    for attempt in 1...3 {
      let batch = try #require(bench.sent().first)
      let accepted = bench.state.reply(
        BatchProgress(done: 0, failure: .retryable(jitter: 1), isLast: true), to: batch.batch,
        from: worker, at: bench.now)
      guard attempt < 3 else {
        #expect(accepted?.failed?.attempts == 3)
        break
      }
      #expect(accepted?.failed == nil)
      #expect(bench.state.nextDue == bench.now + .milliseconds(100 << (attempt - 1)))
      bench.now += .milliseconds(100 << (attempt - 1))
      bench.state.tick(at: bench.now)
    }
    #expect(bench.state.jobs[job]?.settled == 1)
  }

  @Test func aSmallerPoolLetsIdleWorkersGoFirst() throws {
    var bench = Bench(size: 3)
    _ = bench.open(3)
    let workers = bench.startWorkers()
    let sent = bench.sent()
    bench.finish(sent[1])
    _ = bench.state.takeActions()
    bench.state.resize(to: 2, at: bench.now)
    guard case .retire(workers[1]) = bench.state.takeActions().first else {
      return #expect(Bool(false), "another left")
    }
    // What the others hold is still theirs.
    bench.finish(sent[0])
    bench.finish(sent[2])
    #expect(bench.state.counters.completed == 3)
  }

  @Test func anotherKindOfWorkGetsAWorkerFromAFullPool() throws {
    var bench = Bench(size: 1)
    _ = bench.open(1)
    let worker = try #require(bench.startWorkers().first)
    for batch in bench.sent() { bench.finish(batch) }
    _ = bench.state.takeActions()
    let other = bench.state.makeKind()
    let job = bench.state.open(kind: other, JobPolicy())
    bench.state.submit(1, to: job, at: bench.now)
    guard case .retire(worker) = bench.state.takeActions().first else {
      return #expect(Bool(false), "nobody left")
    }
    bench.state.workerEnded(worker, 0, at: nil, now: bench.now)
    guard case .startWorker(_, kind: other) = bench.state.takeActions().first else {
      return #expect(Bool(false), "nobody came")
    }
  }

  @Test func aWorkerOfItsAgeLeavesAfterItsBatches() throws {
    var bench = Bench(size: 2, settings: .init(maximumAge: .seconds(60)))
    _ = bench.open(2)
    let workers = bench.startWorkers()
    let sent = bench.sent()
    bench.now = .seconds(1)
    bench.finish(sent[0])
    #expect(bench.state.nextDue == .seconds(60))
    _ = bench.state.takeActions()
    bench.state.tick(at: .seconds(59))
    #expect(bench.state.takeActions().isEmpty)
    bench.now = .seconds(60)
    bench.state.tick(at: bench.now)
    let retired = bench.state.takeActions().compactMap { action -> Int? in
      if case .retire(let id) = action { id } else { nil }
    }
    #expect(retired == workers.sorted())
    // The idle one goes at once, the other one answers first; new ones come for new work.
    bench.state.workerEnded(sent[0].worker, 0, at: nil, now: bench.now)
    bench.finish(sent[1])
    bench.state.workerEnded(sent[1].worker, 0, at: nil, now: bench.now)
    #expect(bench.state.counters.completed == 2 && bench.state.counters.workersLost == 0)
    #expect(bench.state.nextDue == nil)
    _ = bench.open(1)
    #expect(bench.startWorkers().count == 1)
    #expect(bench.state.nextDue == .seconds(120))
  }

  @Test func startsThatFailPauseLongerAndLonger() throws {
    var bench = Bench(size: 1)
    _ = bench.open(1)
    var pauses: [Duration] = []
    for _ in 0..<10 {
      guard case .startWorker(let id, _) = bench.state.takeActions().first else { break }
      bench.state.workerEnded(id, 0, at: nil, now: bench.now)
      #expect(bench.state.takeActions().isEmpty)
      let due = try #require(bench.state.nextDue)
      pauses.append(due - bench.now)
      bench.now = due
      bench.state.tick(at: due)
    }
    #expect(pauses.count == 10)
    for (pause, plain) in zip(pauses, [10, 20, 40, 80, 160, 320, 640, 1_000, 1_000, 1_000]) {
      #expect((0.8...1.2).contains(pause / .milliseconds(plain)) && pause <= .seconds(1))
    }
  }

  @Test func aPoolWhoseStartsFailIsOverUnlessSomebodyIsReady() throws {
    var bench = Bench(size: 2)
    _ = bench.open(2)
    func startOne() throws -> Int {
      while true {
        for case .startWorker(let id, _) in bench.state.takeActions() { return id }
        bench.now = try #require(bench.state.nextDue)
        bench.state.tick(at: bench.now)
      }
    }
    func fail(_ id: Int) -> String? {
      bench.state.workerEnded(id, 0, at: nil, mostFailedStarts: 3, now: bench.now)
    }
    guard case .startWorker(let ready, _) = bench.state.takeActions().first else {
      return #expect(Bool(false), "nobody starts")
    }
    let other = try #require(bench.state.workers.keys.first { $0 != ready })
    #expect(fail(other) == nil)
    bench.state.workerReady(ready, at: bench.now)
    for _ in 0..<5 { #expect(fail(try startOne()) == nil) }
    // The only one that was ready ends: nobody is left who could do the work.
    bench.state.workerEnded(ready, 0, at: nil, now: bench.now)
    let line = try #require(fail(try startOne()))
    #expect(line.hasPrefix(" 6 times in "), "\(line)")
    #expect(bench.state.isClosed)
  }

  @Test func aCallThatWasGivenUpDoesNotStandInTheWayOfTheNext() throws {
    var bench = Bench(size: 1)
    let first = bench.open(100)
    let worker = try #require(bench.startWorkers().first)
    #expect(bench.sent().count == 1)
    bench.state.close(first, at: bench.now)
    // The worker goes on with what nobody waits for, until it is stopped.
    bench.now = try #require(bench.state.nextDue)
    bench.state.tick(at: bench.now)
    guard case .stop(worker) = bench.state.takeActions().first else {
      return #expect(Bool(false), "not stopped")
    }
    bench.state.workerEnded(worker, 0, at: nil, now: bench.now)
    _ = bench.open(1)
    #expect(bench.startWorkers().count == 1)
    #expect(bench.sent().count == 1)
  }

  @Test func callsThatWaitForDemandHearOfABiggerPool() {
    var bench = Bench(size: 1)
    let job = bench.open(1)
    _ = bench.startWorkers()
    bench.state.submit(1, to: job, at: bench.now)
    _ = bench.state.takeActions()
    #expect(bench.state.demand(of: job) == 0)
    bench.state.resize(to: 4, at: bench.now)
    #expect(bench.state.demand(of: job) > 0)
    #expect(
      bench.state.takeActions().contains { if case .wake(job) = $0 { true } else { false } })
  }

  @Test func shuttingDownDropsOnlyWhatWasNotBegun() throws {
    var bench = Bench(size: 1)
    let begun = bench.open(1)
    bench.state.endInputs(of: begun)
    let waiting = bench.open(5)
    bench.state.endInputs(of: waiting)
    _ = bench.startWorkers()
    let sent = bench.sent()
    bench.state.cutShort()
    bench.finish(try #require(sent.first))
    #expect(bench.state.jobs[begun]?.isComplete == true)
    #expect(bench.state.jobs[begun]?.wasCutShort == false)
    #expect(bench.state.jobs[waiting]?.wasCutShort == true)
    #expect(bench.sent().isEmpty)
  }
}
