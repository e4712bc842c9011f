internal import DequeModule
internal import Glibc
internal import ProcessTreeCLinux
internal import ProcessTreeZeroMQ
internal import Synchronization

/// The event loop of a node: one thread, the main thread, that waits for descriptors and timers and
/// is the task executor that the node's program runs on.
///
/// A suspension that is resumed on the loop costs a queue operation and no thread switch, which is
/// why programs run here and not on the global pool. Everything but `enqueue`, `perform` and
/// `isCurrent` must be called on the loop's own thread; the methods trap otherwise.
package final class EventLoop: TaskExecutor, @unchecked Sendable {
  /// What other threads have handed over: jobs of the concurrency runtime and closures.
  private struct Inbox {
    var jobs: [UnownedJob] = []
    var closures: [@Sendable () -> Void] = []
    /// Nobody takes anything any more.
    var isClosed = false
    var isEmpty: Bool { jobs.isEmpty && closures.isEmpty }
  }

  /// Jobs run in one go before descriptors are looked at again, so that a program that never
  /// rests cannot shut out its own messages.
  private static let jobsPerTurn = 512

  private let thread: pthread_t
  private let wakeDescriptor: Int32
  private let inbox = Lock(Inbox())
  private let inboxHasWork = Atomic<Bool>(false)

  @exclusivity(unchecked) private var jobs = JobQueue()
  @exclusivity(unchecked) private var closures: Deque<@Sendable () -> Void> = []
  package let poller: DescriptorPoller
  package let timers: TimerQueue
  /// Called before the loop looks at descriptors: links take what came and flush what was sent.
  ///
  /// The place of a hook that was removed is taken by the next.
  @exclusivity(unchecked) private var turnHooks: [(() -> Bool)?] = []
  /// Somebody has work for a hook whose turn may be over.
  @exclusivity(unchecked) private var wantsTurn = false
  /// Decides which of the jobs that are ready runs next; nil: the first.
  @exclusivity(unchecked) package var pickJob: ((Int) -> Int)?

  /// What the loop's timers go by.
  package enum Time: Sendable {
    /// The clock of the machine.
    case real
    /// Stands still while there is something to do, and then passes at once to the next timer.
    case virtual
  }

  /// Whether time passes by itself.
  package let time: Time

  /// Makes a loop for the calling thread.
  package init(time: Time = .real) throws(LoopError) {
    thread = pthread_self()
    self.time = time
    timers = TimerQueue(time)
    poller = try DescriptorPoller()
    wakeDescriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard wakeDescriptor >= 0 else { throw LoopError(call: "eventfd", errno: errno) }
    try poller.add(wakeDescriptor, for: .read) { [wakeDescriptor] _ in
      var count: UInt64 = 0
      _ = Glibc.read(wakeDescriptor, &count, 8)
    }
  }

  deinit { closeInbox() }

  private func closeInbox() {
    inbox.withLock { inbox in
      if !inbox.isClosed { close(wakeDescriptor) }
      inbox.isClosed = true
    }
  }

  /// Whether the caller is on the loop's thread.
  package var isCurrent: Bool { pthread_equal(pthread_self(), thread) != 0 }

  /// Traps unless called on the loop's thread.
  package func assertCurrent() {
    precondition(isCurrent, "this must be called on the node's event loop")
  }

  /// Takes a job of the concurrency runtime; from any thread.
  package func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    guard !isCurrent else { return jobs.append(unowned) }
    handOver { $0.jobs.append(unowned) }
  }

  /// Runs `body` on the loop soon; from any thread.
  package func perform(_ body: @escaping @Sendable () -> Void) {
    handOver { $0.closures.append(body) }
  }

  private func handOver(_ add: (inout Inbox) -> Void) {
    let error: Int32 = inbox.withLock { inbox in
      let wasEmpty = inbox.isEmpty
      add(&inbox)
      guard wasEmpty, !inbox.isClosed else { return 0 }
      inboxHasWork.store(true, ordering: .releasing)
      var one: UInt64 = 1
      // Under the lock: the descriptor is not another's meanwhile.
      return Glibc.write(wakeDescriptor, &one, 8) < 0 && errno != EAGAIN ? errno : 0
    }
    guard error != 0 else { return }
    LoopError(call: "write to the event loop", errno: error).endProcess()
  }

  /// Adds work that is done in each turn before the loop looks at descriptors.
  ///
  /// True asks for another turn without waiting.
  ///
  /// - Returns: A number to remove the hook by.
  @discardableResult
  package func addTurnHook(_ hook: @escaping () -> Bool) -> Int {
    assertCurrent()
    if let free = turnHooks.firstIndex(where: { $0 == nil }) {
      turnHooks[free] = hook
      return free
    }
    turnHooks.append(hook)
    return turnHooks.count - 1
  }

  /// Forgets a hook.
  package func removeTurnHook(_ number: Int) {
    turnHooks[number] = nil
  }

  /// Has the hooks called once more before the loop waits.
  package func turnAgain() { wantsTurn = true }

  /// Runs turns until `isDone` says so.
  ///
  /// May be called again from within a turn.
  ///
  /// A turn: jobs, hooks, then descriptors and timers, waiting only when nothing is left to do.
  package func run(until isDone: () -> Bool) {
    assertCurrent()
    while !isDone() {
      takeInbox()
      // One by one from a queue that a nested run sees too.
      while let closure = closures.popFirst() { closure() }
      runJobs()
      // A deadline that has passed comes before what arrived too late for it.
      timers.fire()
      var hasMore = false
      wantsTurn = false
      // By their numbers: a hook that was removed by another one is not called.
      for number in turnHooks.indices where turnHooks[number]?() ?? false { hasMore = true }
      // What has just run may have been what was waited for.
      if isDone() { return }
      poller.poll(timeout: timeToWait(isIdle: jobs.isEmpty && !hasMore && !wantsTurn))
      timers.fire()
    }
  }

  /// Turns in which tasks that were cancelled at the end may still run.
  private static let lastTurns = 256

  /// Ends a loop whose thread lives on, or ends, without it: what is ready runs, and what it would
  /// wait for is forgotten, with all that holds.
  package func finish() {
    var turns = 0
    let hook = addTurnHook { true }
    defer { removeTurnHook(hook) }
    run {
      turns += 1
      return turns > Self.lastTurns || jobs.isEmpty && closures.isEmpty && turns > 2
    }
    turnHooks = turnHooks.map { _ in nil }
    closures = []
    timers.removeAll()
    poller.close()
    closeInbox()
  }

  /// How long to wait for descriptors: not at all with work to do, until the next timer without.
  private func timeToWait(isIdle: Bool) -> Duration? {
    guard isIdle else { return .zero }
    // What other threads have handed over comes before virtual time passes.
    if time == .virtual, !inboxHasWork.load(ordering: .acquiring), closures.isEmpty,
      timers.passToNext()
    {
      return .zero
    }
    return timers.timeUntilNext()
  }

  private func takeInbox() {
    guard inboxHasWork.exchange(false, ordering: .acquiring) else { return }
    let taken = inbox.withLock { inbox in
      defer { inbox = Inbox(isClosed: inbox.isClosed) }
      return inbox
    }
    for job in taken.jobs { jobs.append(job) }
    closures.append(contentsOf: taken.closures)
  }

  private func runJobs() {
    let executor = asUnownedTaskExecutor()
    var budget = Self.jobsPerTurn
    while budget > 0, let job = jobs.pop(pickJob) {
      job.runSynchronously(on: executor)
      budget -= 1
    }
  }
}
