internal import DequeModule
internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeCLinux
internal import Synchronization

/// The event loop of a node: the main thread, which waits for descriptors and timers and is the
/// task executor of the node's program.
///
/// Resuming a suspension on the loop costs a queue operation and no thread switch, so programs run
/// here and not on the global pool. `enqueue`, `perform` and `isCurrent` are callable from any
/// thread; all other methods must be called on the loop's thread and trap otherwise.
package final class EventLoop: TaskExecutor, @unchecked Sendable {
  // Sendable: what other threads use is locked or atomic; the rest checks the thread, or its caller
  // has checked it.
  /// Jobs of the concurrency runtime and closures from other threads.
  private struct Inbox: ~Copyable {
    var jobs: [UnownedJob] = []
    var closures: [@Sendable () -> Void] = []
    /// Wakes the loop; `nil` once it takes no more work.
    var wake: Descriptor?
    var isEmpty: Bool { jobs.isEmpty && closures.isEmpty }
  }

  /// The most jobs to run before checking descriptors, so that a busy program still receives
  /// messages.
  private static let jobsPerTurn = 512

  /// The most turns in a row without a look at descriptors, which is a system call.
  private static let turnsWithoutLook = 3

  private let thread: pthread_t
  private let inbox: Lock<Inbox>
  private let inboxHasWork = Atomic<Bool>(false)

  // Unchecked is what each turn touches: a check costs 84 instructions, about 10 ns.
  @exclusivity(unchecked) private var jobs = JobQueue()
  @exclusivity(unchecked) private var closures: Deque<@Sendable () -> Void> = []
  package let poller: DescriptorPoller
  package let timers: TimerQueue
  /// Called before the loop checks descriptors: links receive frames and flush sent ones.
  ///
  /// The place of a removed hook is reused.
  @exclusivity(unchecked) private var turnHooks: [(() -> Bool)?] = []
  /// There is work for a hook that may have run already in this turn.
  @exclusivity(unchecked) private var wantsTurn = false
  /// Picks the next of the ready jobs; `nil` for the first.
  package var pickJob: ((Int) -> Int)?

  /// The clock of the loop's timers.
  package enum Time: Sendable {
    case real
    /// Time that stands still while there is work, and then jumps to the next timer.
    case virtual
  }

  package let time: Time

  package init(time: Time = .real) throws(LoopError) {
    thread = pthread_self()
    self.time = time
    timers = TimerQueue(time)
    poller = try DescriptorPoller()
    guard let wake = Descriptor(owning: eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))) else {
      throw LoopError(call: "eventfd", errno: errno)
    }
    let number = wake.number
    inbox = Lock(Inbox(wake: consume wake))
    try poller.add(number, for: .read) { _ in
      var count: UInt64 = 0
      _ = Glibc.read(number, &count, 8)
    }
  }

  /// Whether the caller is on the loop.
  package var isCurrent: Bool { pthread_self() == thread }

  package func assertCurrent() {
    precondition(isCurrent, "this must be called on the node's event loop")
  }

  /// Enqueues a job of the concurrency runtime; callable from any thread.
  package func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    guard !isCurrent else { return jobs.append(unowned) }
    handOver { $0.jobs.append(unowned) }
  }

  /// Runs `body` on the loop in its next turn; callable from any thread.
  package func perform(_ body: @escaping @Sendable () -> Void) {
    handOver { $0.closures.append(body) }
  }

  private func handOver(_ add: (inout Inbox) -> Void) {
    let error: Int32 = inbox.withLock { inbox in
      let wasEmpty = inbox.isEmpty
      add(&inbox)
      guard wasEmpty, let wake = inbox.wake?.number else { return 0 }
      inboxHasWork.store(true, ordering: .releasing)
      var one: UInt64 = 1
      // The lock keeps the descriptor from being closed and reused.
      return Glibc.write(wake, &one, 8) < 0 && errno != EAGAIN ? errno : 0
    }
    guard error != 0 else { return }
    LoopError(call: "write to the event loop", errno: error).endProcess()
  }

  /// Adds work that is done in each turn before the loop checks descriptors.
  ///
  /// A hook that returns true requests another turn without waiting.
  ///
  /// - Returns: The number with which to remove the hook.
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

  package func removeTurnHook(_ number: Int) {
    turnHooks[number] = nil
  }

  /// Whether jobs wait for the next turn, which then begins at once.
  package var hasReadyJobs: Bool { !jobs.isEmpty }
  /// The number of jobs that have run so far.
  @exclusivity(unchecked) package private(set) var jobsRun: UInt64 = 0
  /// The turns since the loop has looked at descriptors.
  @exclusivity(unchecked) private var turnsSinceLook = 0

  /// Calls the hooks once more before the loop waits.
  package func turnAgain() { wantsTurn = true }

  /// Runs turns until `isDone` returns true.
  ///
  /// A turn runs jobs and hooks, then descriptors and timers, and waits only if nothing is left to
  /// do. What the hooks have made ready runs before the loop looks at descriptors, for some turns.
  /// A turn may call this again.
  package func run(until isDone: () -> Bool) {
    assertCurrent()
    while !isDone() {
      takeInbox()
      // A nested run uses the same queue, so take closures one by one.
      while let closure = closures.popFirst() { closure() }
      runJobs()
      // A deadline that has passed ranks above a later event.
      timers.fire()
      var hasMore = false
      wantsTurn = false
      // Iterating by number skips hooks that another hook has removed.
      for number in turnHooks.indices where turnHooks[number]?() ?? false { hasMore = true }
      turnsSinceLook += 1
      let mayGoOn = turnsSinceLook <= Self.turnsWithoutLook && time == .real
      // The work of this turn may have been the awaited one. Runs that are short look, too, now and
      // then.
      if isDone() { return mayGoOn ? () : look(.zero) }
      guard jobs.isEmpty || !mayGoOn else { continue }
      look(timeToWait(isIdle: jobs.isEmpty && !hasMore && !wantsTurn))
    }
  }

  private func look(_ time: Duration?) {
    turnsSinceLook = 0
    poller.poll(timeout: time)
    timers.fire()
  }

  /// The most turns for tasks that were cancelled at the end.
  private static let lastTurns = 256

  /// Ends a loop whose thread continues or ends without it.
  ///
  /// It runs the ready work, and releases the work that waits.
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
    inbox.withLock { $0.wake = nil }
  }

  /// How long to wait for descriptors: not at all if there is work, otherwise until the next timer.
  private func timeToWait(isIdle: Bool) -> Duration? {
    guard isIdle else { return .zero }
    // Work from other threads comes before virtual time passes.
    if time == .virtual, !inboxHasWork.load(ordering: .acquiring), closures.isEmpty,
      timers.passToNext()
    {
      return .zero
    }
    return timers.timeUntilNext()
  }

  private func takeInbox() {
    guard inboxHasWork.exchange(false, ordering: .acquiring) else { return }
    let (newJobs, newClosures) = inbox.withLock { inbox in
      defer { (inbox.jobs, inbox.closures) = ([], []) }
      return (inbox.jobs, inbox.closures)
    }
    for job in newJobs { jobs.append(job) }
    closures.append(contentsOf: newClosures)
  }

  private func runJobs() {
    let executor = asUnownedTaskExecutor()
    var budget = Self.jobsPerTurn
    while budget > 0, let job = jobs.pop(pickJob) {
      jobsRun &+= 1
      job.runSynchronously(on: executor)
      budget -= 1
    }
  }
}
