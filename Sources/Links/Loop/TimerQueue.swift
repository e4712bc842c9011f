internal import Glibc
internal import HeapModule
internal import ProcessTreeBase
internal import Synchronization

/// The loop's timers, on a clock that stands still while the machine sleeps.
///
/// It is a class because a timer's action may schedule another timer.
package final class TimerQueue {
  package struct ID: Hashable, Sendable {
    fileprivate let number: UInt64
  }

  private struct Entry: Comparable {
    let deadline: SuspendingClock.Instant
    let id: ID

    static func < (left: Self, right: Self) -> Bool {
      (left.deadline, left.id.number) < (right.deadline, right.id.number)
    }
  }

  // Unchecked is what each turn touches: a check costs 84 instructions, about 10 ns.
  @exclusivity(unchecked) private var heap = Heap<Entry>()
  /// The delay and action of each live timer; a cancelled one leaves only its entry in the heap.
  @exclusivity(unchecked) private var actions: [ID: (delay: Duration, run: () -> Void)] = [:]
  @exclusivity(unchecked) private var nextNumber: UInt64 = 0

  /// The start of virtual time; `nil` if time is real.
  private let virtualStart: SuspendingClock.Instant?
  /// The virtual nanoseconds since then.
  private let passed = Atomic<Int>(0)

  init(_ time: EventLoop.Time = .real) {
    virtualStart = time == .virtual ? .now : nil
  }

  /// The present time, callable from any thread.
  package var now: SuspendingClock.Instant {
    virtualStart?.advanced(by: .nanoseconds(passed.load(ordering: .relaxed))) ?? .now
  }

  /// The nanoseconds of the loop's clock, up to ten milliseconds old: for what only people read, at
  /// a fifth of the cost of `now`.
  package var coarseNanoseconds: Int64 {
    if let virtualNanoseconds { return Int64(clamping: virtualNanoseconds) }
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// The nanoseconds of virtual time that have passed; `nil` if time is real.
  package var virtualNanoseconds: UInt64? {
    virtualStart == nil ? nil : UInt64(passed.load(ordering: .relaxed))
  }

  /// The nanoseconds since 1970, as an observer of the nodes reads them; virtual time begins with
  /// the year 2000.
  package var wallTime: Int64 {
    if let virtualNanoseconds {
      return 946_684_800_000_000_000 + Int64(clamping: virtualNanoseconds)
    }
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// The number of timers that have not fired.
  package var count: Int { actions.count }

  /// Lets virtual time pass until the next timer is due; false if there is none or time is real.
  func passToNext() -> Bool {
    dropCancelled()
    guard let virtualStart, let next = heap.min?.deadline else { return false }
    // Rounded up, so that the deadline has passed.
    let due = (virtualStart.duration(to: next) + .nanoseconds(1)).wholeNanoseconds
    passed.store(max(due, passed.load(ordering: .relaxed)), ordering: .relaxed)
    return true
  }

  /// Runs `action` once, on the loop, after `delay`.
  package func schedule(
    after delay: Duration, _ action: @escaping () -> Void
  ) -> ID {
    let id = ID(number: nextNumber)
    nextNumber += 1
    actions[id] = (delay, action)
    heap.insert(Entry(deadline: now.after(delay), id: id))
    return id
  }

  /// Cancels a timer; does nothing if it has fired.
  package func cancel(_ id: ID) {
    guard actions.removeValue(forKey: id) != nil else { return }
    // Cancelled entries are dropped when they come up, or when they are most of the heap.
    guard heap.count > 64, heap.count > 2 * actions.count else { return }
    heap = Heap(heap.unordered.filter { actions[$0.id] != nil })
  }

  /// Restarts every delay, because the process was stopped for an unknown time.
  package func restart() {
    let now = now
    heap = Heap(
      heap.unordered.compactMap { entry in
        actions[entry.id].map { Entry(deadline: now.after($0.delay), id: entry.id) }
      })
  }

  /// Cancels all timers.
  package func removeAll() {
    heap = Heap()
    actions = [:]
  }

  func timeUntilNext() -> Duration? {
    dropCancelled()
    return heap.min.map { max(.zero, now.duration(to: $0.deadline)) }
  }

  func fire() {
    guard !heap.isEmpty else { return }
    let now = now
    while let first = heap.min, first.deadline <= now {
      heap.removeMin()
      actions.removeValue(forKey: first.id)?.run()
    }
  }

  private func dropCancelled() {
    while let first = heap.min, actions[first.id] == nil { heap.removeMin() }
  }
}
