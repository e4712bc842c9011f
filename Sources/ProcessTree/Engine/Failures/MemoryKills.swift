internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// The kernel's count of out-of-memory kills, as evidence about a killed child.
///
/// A value: it receives counts, each with its time. Each step of the count explains one end, and
/// only soon after the step, so that a later `kill -9` is not blamed on memory.
struct MemoryKills {
  /// How long a step explains an end: freeing the memory of a large process takes time.
  static let lifetime: Duration = .seconds(1)

  private var count: UInt64?
  private var unclaimed: UInt64 = 0
  private var seen: SuspendingClock.Instant = .now

  /// Starts again: earlier steps do not concern the present children.
  mutating func restart(at count: UInt64?) {
    self.count = count
    unclaimed = 0
  }

  /// Takes the present count; `nil` if it cannot be read.
  mutating func note(_ present: UInt64?, at now: SuspendingClock.Instant) {
    guard let present else { return }
    if now - seen > Self.lifetime { unclaimed = 0 }
    if let count, present > count {
      unclaimed += present - count
      seen = now
    }
    count = present
  }

  /// Whether memory explains a child's kill of unknown origin.
  mutating func explainsKill(_ present: UInt64?, at now: SuspendingClock.Instant) -> Bool {
    note(present, at: now)
    guard unclaimed > 0 else { return false }
    unclaimed -= 1
    return true
  }
}

extension NodeRuntime {
  private static let memoryPeriod: Duration = .seconds(1)

  /// Watches the count from the first start of a child on.
  func watchMemory() {
    guard !isMemoryWatched else { return }
    isMemoryWatched = true
    memoryKills.restart(at: ControlGroup.outOfMemoryKills())
    scheduleMemoryLook()
  }

  private func scheduleMemoryLook() {
    _ = loop.timers.schedule(after: Self.memoryPeriod) { [unowned self] in
      guard !controllers.isEmpty else {
        isMemoryWatched = false
        return
      }
      memoryKills.note(ControlGroup.outOfMemoryKills(), at: .now)
      scheduleMemoryLook()
    }
  }

  func memoryRanOut() -> Bool {
    // The kernel kills processes, and a node that shares one would have gone with all others.
    nodes == nil && memoryKills.explainsKill(ControlGroup.outOfMemoryKills(), at: .now)
  }
}
