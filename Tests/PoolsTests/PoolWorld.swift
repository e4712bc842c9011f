import ProcessTreeRandomTesting
import ProcessTreeStages

@testable import Pools

/// A pool's state among workers that are played by chance: what happens to it in, and whether every
/// rule holds after each step.
struct PoolWorld {
  /// How workers behave.
  struct Manners {
    /// Items that end each worker that begins them.
    var killers: Set<Int> = []
    /// Items whose body throws, and whether that is worth another try.
    var throwers: Set<Int> = []
    /// Whether workers are killed from outside as well.
    var isDangerous = false
    /// Whether workers note the items that they begin.
    var notes = false
    /// Whether batches may turn out not to be sendable.
    var isUnsendable = false
  }

  /// The record of one call.
  struct Call {
    var wanted: Int
    var taken = 0
    var done: Set<Int> = []
    var failed: [Int: String] = [:]
    var isClosed = false
    /// Outcomes that the consumer has not taken.
    var waiting = 0
  }

  /// A worker as it plays.
  private struct Actor {
    var isReady = false
    var mustLeave = false
    var isKilled = false
    var batches: [(id: Int, job: Int, items: Range<Int>)] = []
    /// The first item of each batch as it came.
    var firsts: [Int: Int] = [:]
  }

  var state: PoolState<Int>
  var calls: [Int: Call] = [:]
  var problems: [String] = []
  var random: SeededGenerator
  let manners: Manners
  private var actors: [Int: Actor] = [:]
  private(set) var now: Duration = .zero
  private var largestSize: Int
  private var steps = 0
  /// Calls that were resumed since the last look.
  private var woken: Set<Int> = []
  /// What each call could go on with at the last look.
  private var ways: [Int: Ways] = [:]

  /// What a call can go on with.
  private struct Ways {
    var takesInputs: Bool
    var hasResults: Bool
  }

  init(
    size: Int, settings: PoolState<Int>.Settings, manners: Manners, random: SeededGenerator
  ) {
    state = PoolState(size: size, settings: settings)
    largestSize = size
    self.manners = manners
    self.random = random
    for _ in 0..<2 { _ = state.makeKind() }
  }

  mutating func open(kind: Int, wanted: Int, _ policy: JobPolicy) {
    let id = state.open(kind: kind, policy)
    calls[id] = Call(wanted: wanted)
    settle()
  }

  /// One thing happens.
  mutating func step() {
    now += .microseconds(random.int(1...3_000))
    switch random.int(0...19) {
    case 0...4: feed()
    case 5...7: takeResults()
    case 8: state.tick(at: now)
    case 9 where manners.isDangerous: killSomebody()
    case 10: becomeReady()
    default: answer()
    }
    settle()
  }

  mutating func resize(to size: Int) {
    largestSize = max(largestSize, size)
    state.resize(to: size, at: now)
    settle()
  }

  mutating func close(_ id: Int) {
    calls[id]?.isClosed = true
    state.close(id, at: now)
    settle()
  }

  /// Whether every open call has all of its outcomes.
  var isOver: Bool {
    calls.values.allSatisfy { $0.isClosed || $0.done.count + $0.failed.count == $0.wanted }
  }

  // MARK: What happens

  private mutating func feed() {
    for (id, call) in calls where !call.isClosed {
      let count = min(state.demand(of: id), call.wanted - call.taken)
      calls[id]?.taken += count
      state.submit(count, to: id, at: now)
      if calls[id]?.taken == call.wanted { state.endInputs(of: id) }
      let limit = state.jobs[id]?.policy.inFlight ?? .max
      let inFlight = (calls[id]?.taken ?? 0) - (state.jobs[id]?.handed ?? 0)
      check(
        inFlight <= min(limit, 4 * largestSize * BatchSizer.largest), "\(inFlight) under way")
    }
  }

  private mutating func takeResults() {
    for (id, call) in calls where call.waiting > 0 {
      state.handOver(call.waiting, of: id)
      calls[id]?.waiting = 0
    }
  }

  private mutating func becomeReady() {
    guard let id = actors.filter({ !$0.value.isReady }).keys.randomElement(using: &random) else {
      return
    }
    actors[id]?.isReady = true
    state.workerReady(id, at: now)
  }

  private mutating func killSomebody() {
    guard let id = actors.keys.randomElement(using: &random) else { return }
    let items = manners.notes ? actors[id]?.batches.first?.items : nil
    die(id, at: items?.randomElement(using: &random))
  }

  /// - Parameter item: The item on which the worker works; nil if it notes none.
  private mutating func die(_ id: Int, at item: Int? = nil) {
    let batch = actors[id]?.batches.first
    let note = batch.flatMap { batch in
      item.map { (batch.id, $0 - (actors[id]?.firsts[batch.id] ?? 0)) }
    }
    actors[id] = nil
    state.workerEnded(id, id, at: note, now: now)
  }

  private mutating func answer() {
    guard let id = actors.keys.sorted().randomElement(using: &random), let actor = actors[id] else {
      return
    }
    if actor.isKilled { return die(id) }
    guard actor.isReady, let batch = actor.batches.first else {
      // One that is to leave does so when it has nothing left.
      return actor.mustLeave && actor.isReady ? die(id) : becomeReady()
    }
    if manners.isUnsendable, random.int(0...30) == 0 { return refuse(batch.id, of: batch.job, id) }
    var count = 0
    let most = random.int(1...batch.items.count)
    while count < most {
      let item = batch.items.lowerBound + count
      if manners.killers.contains(item) {
        // The work before it may have been reported, or not.
        if count > 0, random.bool() { say(count, nil, isLast: false, to: batch, by: id) }
        return die(id, at: manners.notes ? item : nil)
      }
      if manners.throwers.contains(item) {
        let failure: BatchProgress.Failure =
          random.bool() ? .final : .retryable(jitter: Double(random.int(0...100)) / 100)
        let isLast = count + 1 == batch.items.count
        return say(count, failure, isLast: isLast, to: batch, by: id)
      }
      count += 1
    }
    say(count, nil, isLast: count == batch.items.count || random.bool(), to: batch, by: id)
  }

  private mutating func refuse(_ batch: Int, of job: Int, _ worker: Int) {
    actors[worker]?.batches.removeAll { $0.id == batch }
    if let accepted = state.notSendable(batch, at: now) { record(accepted, of: job) }
  }

  private mutating func say(
    _ done: Int, _ failure: BatchProgress.Failure?, isLast: Bool,
    to batch: (id: Int, job: Int, items: Range<Int>), by worker: Int
  ) {
    let answered = done + (failure == nil ? 0 : 1)
    let rest = (batch.items.lowerBound + answered)..<batch.items.upperBound
    if isLast {
      actors[worker]?.batches.removeFirst()
    } else {
      actors[worker]?.batches[0].items = rest
    }
    let progress = BatchProgress(
      done: done, failure: failure, isLast: isLast,
      nanoseconds: answered * random.int(100...2_000_000))
    let accepted = state.reply(progress, to: batch.id, from: worker, at: now)
    if let accepted { record(accepted, of: batch.job) }
    // Reported twice by mistake, it must not count twice.
    if isLast, state.reply(progress, to: batch.id, from: worker, at: now) != nil {
      problems.append("an answer to a batch that was over counted")
    }
  }

  private mutating func record(_ accepted: PoolState<Int>.Acceptance, of job: Int) {
    for item in accepted.done { note(item, of: job, failure: nil) }
    if let failed = accepted.failed { note(failed.item, of: job, failure: "error") }
    if !accepted.done.isEmpty || accepted.failed != nil { woken.insert(job) }
  }

  private mutating func note(_ item: Int, of job: Int, failure: String?) {
    guard var call = calls[job] else { return }
    check(!call.done.contains(item) && call.failed[item] == nil, "\(item) was recorded twice")
    if let failure { call.failed[item] = failure } else { call.done.insert(item) }
    call.waiting += 1
    calls[job] = call
  }

  // MARK: What follows

  private mutating func settle() {
    for action in state.takeActions() {
      switch action {
      case .startWorker(let id, kind: _): actors[id] = Actor()
      case .retire(let id): actors[id]?.mustLeave = true
      case .stop(let id), .kill(let id): actors[id]?.isKilled = true
      case .send(let batch, let job, let items, let worker):
        // One that died within the same step may have been meant.
        check(actors[worker]?.mustLeave != true, "a worker that leaves got a batch")
        actors[worker]?.batches.append((batch, job, items))
        actors[worker]?.firsts[batch] = items.lowerBound
      case .fail(let job, let item, attempts: _, let verdict):
        if case .killedWorkers(let reports) = verdict {
          check(
            reports.count == state.settings.attempts && Set(reports).count == reports.count,
            "\(item) of \(job) was given up after \(reports)")
        }
        note(item, of: job, failure: "\(verdict)")
        woken.insert(job)
      case .wake(let job): woken.insert(job)
      }
    }
    checkRules()
  }

  private mutating func checkRules() {
    let queued = state.kinds.flatMap(\.runnable.all).sorted()
    let pending = state.jobs.filter { !$0.value.pending.isEmpty }.keys.sorted()
    check(queued == pending, "queued are \(queued), items wait in \(pending)")
    let count = state.workers.count
    check(count <= largestSize, "\(count) workers")
    for (id, worker) in state.workers {
      check(worker.batches.count <= 2, "\(worker.batches.count) batches at worker \(id)")
      let held = worker.batches.compactMap { state.batches[$0] }
      check(
        held.count < 2 || !held.contains(where: \.goesOneByOne), "a suspect is not alone in \(id)")
    }
    checkProgress()
    steps += 1
    for (id, call) in calls where !call.isClosed && (call.taken < 20 || steps % 8 == 0) {
      checkItems(of: id, call)
    }
  }

  /// For items that wait for a worker, something will happen.
  ///
  /// A worker moves if it has something to send, starts or is to end, and so does the clock. A task
  /// that waits for a call is woken when the call can go on.
  private mutating func checkProgress() {
    let moves =
      state.nextDue != nil
      || state.workers.values.contains { $0.isLeaving || !$0.isReady || !$0.batches.isEmpty }
    for (id, call) in calls where !call.isClosed {
      guard let job = state.jobs[id] else { continue }
      check(job.pending.isEmpty || state.isClosed || moves, "\(id) waits, and nothing will happen")
      let now = Ways(
        takesInputs: state.demand(of: id) > 0,
        hasResults: call.waiting > 0 || job.isComplete || job.wasCutShort && job.batchCount == 0)
      if let before = ways[id], !woken.contains(id) {
        check(before.takesInputs || !now.takesInputs, "\(id) is not told that it wants inputs")
        check(before.hasResults || !now.hasResults, "\(id) is not told that it has results")
      }
      ways[id] = now
    }
    woken = []
  }

  /// Each item is in one place.
  private mutating func checkItems(of id: Int, _ call: Call) {
    guard let job = state.jobs[id] else { return }
    let pending = job.pending.flatMap { Array($0.items) }
    let out = state.batches.values.filter { $0.job == id }.flatMap { Array($0.items) }
    let delayed = state.delayed.filter { $0.job == id }.map(\.item)
    let all = (pending + out + delayed + call.done + call.failed.keys).sorted()
    check(all == Array(0..<job.submitted), "items of \(id) are lost or doubled: \(all)")
    check(pending.count == job.pendingCount, "\(pending.count) wait, not \(job.pendingCount)")
    check(out.count == job.outCount, "\(out.count) are out, not \(job.outCount)")
    check(delayed.count == job.delayedCount, "\(delayed.count) delayed")
    check(job.settled == call.done.count + call.failed.count, "\(job.settled) settled")
  }

  private mutating func check(_ condition: Bool, _ text: @autoclosure () -> String) {
    if !condition { problems.append(text()) }
  }
}
