internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// What the kernel's count of processes that it killed for want of memory tells about a child that
/// was killed.
///
/// A value: counts in, each with its time. Each step of the count explains one end, and only one that
/// is seen soon after the step, so that a later `kill -9` is told as what it is.
struct MemoryKills {
  /// How long after it was seen a step explains an end: the memory of a large process takes its time.
  static let lifetime: Duration = .seconds(1)

  private var count: UInt64?
  private var unclaimed: UInt64 = 0
  private var seen: SuspendingClock.Instant = .now

  /// Begins anew: what was counted before concerns no child that is there now.
  mutating func restart(at count: UInt64?) {
    self.count = count
    unclaimed = 0
  }

  /// Takes the present count; nil when it cannot be read.
  mutating func note(_ present: UInt64?, at now: SuspendingClock.Instant) {
    guard let present else { return }
    if now - seen > Self.lifetime { unclaimed = 0 }
    if let count, present > count {
      unclaimed += present - count
      seen = now
    }
    count = present
  }

  /// Whether a child that was killed, nobody knows by whom, was killed for want of memory.
  mutating func explainsKill(_ present: UInt64?, at now: SuspendingClock.Instant) -> Bool {
    note(present, at: now)
    guard unclaimed > 0 else { return false }
    unclaimed -= 1
    return true
  }
}

extension NodeRuntime {
  /// How often the count is looked at while there are children.
  private static let memoryPeriod: Duration = .seconds(1)

  /// A child is about to be started: from the first on, the count is watched.
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

  /// Whether a child that has been killed was killed for want of memory.
  func memoryRanOut() -> Bool {
    memoryKills.explainsKill(ControlGroup.outOfMemoryKills(), at: .now)
  }
}
