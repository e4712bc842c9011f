internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeStages

/// The effects of a pool: carries out the actions of its state, and wakes tasks that wait.
///
/// Everything happens under one lock, briefly; tasks of the pool's scope do all that takes time.
final class PoolCore: Sendable {
  typealias State = PoolState<ExitReport?>

  /// The side of a call on which a task waits: the one that takes inputs, or the one that takes
  /// results.
  struct Place: Hashable {
    let job: Int
    let role: Role
  }

  enum Role: Hashable {
    case inputs
    case results
  }

  struct Shared {
    var state: State
    var links: [Int: any AnyWorkerLink] = [:]
    var jobs: [Int: any AnyJobRun] = [:]
    var kinds: [ObjectIdentifier: Int] = [:]
    /// Makers of the workers of each kind.
    var makers: [@Sendable (Int, PoolCore) -> any AnyWorkerLink] = []
    var waiters: [Place: Waiter] = [:]
    /// The error of every call from now on.
    var failure: (any Error)?
    var hasEnded = false
    /// Whether no number of workers was given.
    var growsWithHosts = false
    var timerDue: Duration?
    var timer: Task<Void, Never>?
    var lastReport: Duration = .zero
    /// Tasks that take inputs from asynchronous sequences, by their call.
    var feeders: [Int: Task<Void, Never>] = [:]
    /// Calls for the time after the lock is free; they wake tasks, for example.
    ///
    /// The handlers of a task that is being cancelled want this lock, and waking the task waits for
    /// those.
    var afterwards: [@Sendable () -> Void] = []

    mutating func resume(_ waiter: Waiter?) {
      if let waiter { afterwards.append { waiter.resume() } }
    }
  }

  let node: Node
  /// Where the workers run; nil for where the node does.
  let hosts: WorkerHosts?
  let options: PoolOptions
  let initializer: (any PoolInitializer)?
  /// Work for the tasks of the pool's scope.
  let requests = Mailbox<@Sendable () async -> Void>()
  private let start: SuspendingClock.Instant
  private let shared: Lock<Shared>

  init(
    _ node: Node, size: Int, on hosts: WorkerHosts? = nil, options: PoolOptions,
    initializer: (any PoolInitializer)?
  ) {
    self.node = node
    self.hosts = hosts
    start = node.now
    self.options = options
    self.initializer = initializer
    let settings = State.Settings(
      attempts: options.attempts, recycleAfter: options.recycleAfter,
      memoryLimit: options.memoryLimit, maximumAge: options.maximumAge?.clamped)
    shared = Lock(
      Shared(state: State(size: size, settings: settings, seed: node.makeSeed())))
  }

  /// Has at least as many workers as there are slots, when hosts are added.
  func growWithHosts() {
    guard let hosts else { return }
    read { $0.growsWithHosts = true }
    hosts.whenGrown { [weak self, weak hosts] in
      guard let self, let slots = hosts?.slots else { return }
      update { shared, now in
        guard shared.growsWithHosts, slots > shared.state.size else { return }
        shared.state.resize(to: slots, at: now)
      }
    }
  }

  /// Changes the state and carries out its actions.
  @discardableResult
  func update<Value: Sendable>(
    _ change: (inout sending Shared, _ now: Duration) throws -> Value
  ) rethrows -> Value {
    let now = start.duration(to: node.now)
    var afterwards: [@Sendable () -> Void] = []
    defer { for body in afterwards { body() } }
    return try shared.withLock { shared in
      defer {
        settle(&shared, now)
        swap(&afterwards, &shared.afterwards)
      }
      return try change(&shared, now)
    }
  }

  /// Looks at the state.
  func read<Value: Sendable>(_ body: (inout sending Shared) throws -> Value) rethrows -> Value {
    try shared.withLock { try body(&$0) }
  }

  // MARK: Carrying out

  private func settle(_ shared: inout Shared, _ now: Duration) {
    for action in shared.state.takeActions() { perform(action, &shared) }
    arm(&shared, now)
    // Once the last worker has gone there is nothing left to do for the scope's tasks.
    if shared.hasEnded, shared.state.workers.isEmpty {
      let timer = shared.timer.take()
      shared.afterwards.append { [requests] in
        requests.finish()
        timer?.cancel()
      }
    }
  }

  private func perform(_ action: State.Action, _ shared: inout Shared) {
    switch action {
    case .startWorker(let id, let kind):
      let link = shared.makers[kind](id, self)
      shared.links[id] = link
      shared.resume(requests.post { await link.serve() })
    case .retire(let id): shared.resume(shared.links[id]?.retire())
    case .stop(let id):
      guard let link = shared.links[id] else { return }
      shared.afterwards.append { link.stop() }
    case .kill(let id):
      guard let link = shared.links[id] else { return }
      shared.afterwards.append { link.kill() }
    case .send(let batch, let job, let items, let worker):
      guard let job = shared.jobs[job] else { return }
      shared.resume(shared.links[worker]?.send(batch, of: job, items: items))
    case .fail(let job, let item, let attempts, let verdict):
      shared.jobs[job]?.fail(
        PoolFailure(verdict, index: item, attempts: attempts))
      wake(job, &shared)
    case .wake(let job): wake(job, &shared)
    }
  }

  func wake(_ job: Int, _ shared: inout Shared) {
    shared.resume(shared.waiters.removeValue(forKey: Place(job: job, role: .inputs)))
    shared.resume(shared.waiters.removeValue(forKey: Place(job: job, role: .results)))
  }

  private func arm(_ shared: inout Shared, _ now: Duration) {
    guard let due = shared.state.nextDue, !shared.hasEnded || !shared.state.workers.isEmpty,
      shared.timerDue.map({ due < $0 }) ?? true
    else { return }
    if let timer = shared.timer { shared.afterwards.append { timer.cancel() } }
    shared.timerDue = due
    let delay = due - now
    shared.timer = Task(executorPreference: node.loopExecutor) { [weak self, node] in
      try? await node.sleep(for: delay)
      guard !Task.isCancelled else { return }
      self?.tick()
    }
  }

  private func tick() {
    update { shared, now in
      shared.timerDue = nil
      shared.state.tick(at: now)
    }
  }

  // MARK: The scope

  /// Runs the tasks of the pool's workers, until all workers have gone.
  func run() async {
    await withDiscardingTaskGroup { group in
      while let request = await requests.next() {
        group.addTask { await request() }
      }
    }
  }

  /// The scope's body is over: workers leave, calls that still wait fail; returns when nothing
  /// takes inputs any more.
  func end() async {
    let feeders = update { shared, _ in
      shared.hasEnded = true
      fail(PoolError.shutDown, &shared)
      shared.state.end()
      return Array(shared.feeders.values)
    }
    for feeder in feeders {
      feeder.cancel()
      await feeder.value
    }
  }

  /// Takes inputs for a call in a task of its own, which ends before the scope does.
  func startFeeder(of job: Int, _ feed: @escaping @Sendable () async -> Void) {
    read { shared in
      shared.feeders[job] = Task(executorPreference: node.workExecutor) {
        await feed()
        self.read { $0.feeders[job] = nil }
      }
    }
  }

  func cancelFeeder(of job: Int) { read { $0.feeders[job] }?.cancel() }

  /// Kills all workers and fails all calls.
  func stopNow(_ error: any Error) {
    update { shared, _ in
      fail(error, &shared)
      shared.state.stopAll()
    }
  }

  /// From now on every call fails with this error, those under way too.
  func fail(_ error: any Error, _ shared: inout Shared) {
    if shared.failure == nil { shared.failure = error }
    let waiters = shared.waiters.values
    shared.waiters = [:]
    for waiter in waiters { shared.resume(waiter) }
  }
}
