internal import ProcessTreeBase
internal import ProcessTreeLinks

/// What a program wants to run at its end: one hook after another, the last registered first, each
/// within a time.
///
/// Belongs to the loop.
final class ExitHooks: @unchecked Sendable {
  // Sendable: used on the loop alone, where its tasks run too.

  struct Hook {
    let name: String
    let limit: Duration
    let body: @Sendable () async throws -> Void
  }

  private let loop: EventLoop
  private var hooks: [Hook] = []
  /// When the time for all of them is over.
  private var end: SuspendingClock.Instant?
  /// The hook that runs.
  private var current: (task: Task<Void, Never>, wait: Waiter, due: SuspendingClock.Instant)?
  private var timer: TimerQueue.ID?
  private var isOverdue = false

  init(on loop: EventLoop) { self.loop = loop }

  func add(_ hook: Hook) { hooks.append(hook) }

  /// Ends the time for all hooks, also of one that runs, unless it ends sooner.
  func limit(to end: SuspendingClock.Instant) {
    self.end = min(end, self.end ?? end)
    if let current { arm(until: min(current.due, end)) }
  }

  /// Runs the hooks; those that others register meanwhile as well.
  ///
  /// - Parameters:
  ///   - failed: Called with the name of a hook and what was wrong with it.
  ///   - done: Called once nothing is waited for any more.
  func run(
    failed: @escaping (_ name: String, _ problem: String) -> Void, then done: @escaping () -> Void
  ) {
    let (failed, done) = (LoopBound(failed, on: loop), LoopBound(done, on: loop))
    Task(executorPreference: loop) { [self] in
      while let hook = hooks.popLast() {
        if let problem = await run(hook) { failed.value(hook.name, problem) }
      }
      done.value()
    }
  }

  /// Runs one hook; returns what was wrong with it, if anything.
  private func run(_ hook: Hook) async -> String? {
    let left = end.map { loop.timers.now.duration(to: $0) }
    let limit = min(hook.limit, left ?? hook.limit)
    guard limit > .zero else { return "did not run: the time to stop is over" }
    let wait = Waiter()
    let problem = LoopBound(Problem(), on: loop)
    let task = Task(executorPreference: loop) {
      do { try await hook.body() } catch { problem.value.text = "failed: \(ErrorText.of(error))" }
      wait.resume()
    }
    isOverdue = false
    let begin = loop.timers.now
    current = (task, wait, begin.after(limit))
    arm(until: begin.after(limit))
    await wait.waitShielded()
    if let timer { loop.timers.cancel(timer) }
    (timer, current) = (nil, nil)
    guard !isOverdue else {
      return "took more than \(begin.duration(to: loop.timers.now).inShort); nobody waits for it"
    }
    return problem.value.text
  }

  private func arm(until end: SuspendingClock.Instant) {
    if let timer { loop.timers.cancel(timer) }
    timer = loop.timers.schedule(after: max(.zero, loop.timers.now.duration(to: end))) { [self] in
      isOverdue = true
      current?.task.cancel()
      current?.wait.resume()
    }
  }

  private final class Problem {
    var text: String?
  }
}
