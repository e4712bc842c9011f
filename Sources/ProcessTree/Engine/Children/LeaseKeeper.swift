internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeSupervision

/// The effects of a child's lease, whose decisions are those of its `ChildLease`.
///
/// Belongs to the loop.
final class LeaseKeeper {
  private unowned let controller: ChildController
  private let timers: TimerQueue
  private let startTime: SuspendingClock.Instant
  private var lease: ChildLease
  private var timer: TimerQueue.ID?
  /// How often the child has to renew its lease, in milliseconds; nil if it has none.
  let renewalPeriod: Int?

  init(_ liveness: Liveness, of controller: ChildController) {
    self.controller = controller
    timers = controller.runtime.loop.timers
    startTime = timers.now
    lease = ChildLease(liveness)
    renewalPeriod = liveness.isOff ? nil : liveness.period.wholeMilliseconds
  }

  func handle(_ input: ChildLease.Input) {
    for action in lease.handle(input, at: startTime.duration(to: timers.now)) { perform(action) }
  }

  private func perform(_ action: ChildLease.Action) {
    let runtime = controller.runtime
    switch action {
    case .arm(let time):
      disarm()
      timer = timers.schedule(after: time) { [weak self] in
        self?.timer = nil
        self?.handle(.timePassed)
      }
    case .disarm: disarm()
    case .inspect:
      // The renewals that came while this loop did something else.
      runtime.listeners.receiveAll(from: controller)
      handle(
        .found(
          controller.process?.state ?? .running,
          mayWaitForOutput: controller.isUnheard || controller.streams?.isPaused ?? false))
    case .reportUnresponsive(let silence, let state):
      runtime.emit(.unresponsive(silence: silence, process: state), about: controller.child)
    case .reportResponsive(let silence):
      runtime.emit(.responsive(silence: silence), about: controller.child)
    case .kill(let silence): controller.handle(.stoppedAnswering(silence))
    }
  }

  private func disarm() {
    if let timer { timers.cancel(timer) }
    timer = nil
  }

  deinit { disarm() }
}
