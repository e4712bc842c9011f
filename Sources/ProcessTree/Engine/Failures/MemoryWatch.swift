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

/// Looks at the kernel's count of out-of-memory kills while a node has children.
///
/// Belongs to the loop.
final class MemoryWatch {
  private static let period: Duration = .seconds(1)

  private let timers: TimerQueue
  private var kills = MemoryKills()
  private var isOn = false
  private let isWanted: () -> Bool

  /// Makes a watch that ends when it is not wanted any more.
  init(on timers: TimerQueue, while isWanted: @escaping () -> Bool) {
    self.timers = timers
    self.isWanted = isWanted
  }

  /// Begins to look, with the first child.
  func begin() {
    guard !isOn else { return }
    isOn = true
    kills.restart(at: ControlGroup.outOfMemoryKills())
    lookLater()
  }

  private func lookLater() {
    _ = timers.schedule(after: Self.period) { [unowned self] in
      guard isWanted() else {
        isOn = false
        return
      }
      kills.note(ControlGroup.outOfMemoryKills(), at: .now)
      lookLater()
    }
  }

  /// Whether memory explains a kill of unknown origin, which has just become known.
  func explainsKill() -> Bool {
    kills.explainsKill(ControlGroup.outOfMemoryKills(), at: .now)
  }
}
