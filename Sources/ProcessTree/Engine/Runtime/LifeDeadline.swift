internal import ProcessTreeBase
internal import ProcessTreeLinks

/// The one deadline that a child or command has at a time; gone with its owner.
///
/// Belongs to the loop.
final class LifeDeadline<Purpose: Equatable> {
  private let timers: TimerQueue
  private let passed: (Purpose) -> Void
  private var armed: (purpose: Purpose, due: SuspendingClock.Instant, timer: TimerQueue.ID)?

  /// The time that the deadline gave which was armed last.
  private(set) var lastTime: Duration?

  /// - Parameter passed: Called when the time of a purpose is up.
  init(on timers: TimerQueue, passed: @escaping (Purpose) -> Void) {
    self.timers = timers
    self.passed = passed
  }

  /// Replaces the deadline.
  ///
  /// - Parameter keepsEarlier: Whether an earlier one for the same purpose stays instead.
  func arm(_ purpose: Purpose, after time: Duration, keepsEarlier: Bool) {
    let due = timers.now.after(time)
    if keepsEarlier, let armed, armed.purpose == purpose, armed.due <= due { return }
    disarm()
    let timer = timers.schedule(after: time) { [weak self] in
      self?.armed = nil
      self?.passed(purpose)
    }
    armed = (purpose, due, timer)
    lastTime = time
  }

  /// The purpose of the deadline that is armed, and the time until it.
  var next: (purpose: Purpose, remaining: Duration)? {
    armed.map { ($0.purpose, max(.zero, timers.now.duration(to: $0.due))) }
  }

  func disarm() {
    if let armed { timers.cancel(armed.timer) }
    armed = nil
  }

  deinit { disarm() }
}
