import ProcessTreeRandomTesting
import Testing

@testable import ProcessTreeLinks

@Suite struct TimerQueueTests {
  /// Fires until nothing is left; each turn waits for the next timer.
  private func drain(_ timers: TimerQueue) {
    while let time = timers.timeUntilNext() {
      let end = SuspendingClock.now + time
      while SuspendingClock.now < end {}
      timers.fire()
    }
  }

  @Test func timersFireInTheOrderOfTheirDeadlines() {
    var generator = SeededGenerator.announced("timersFireInTheOrderOfTheirDeadlines")
    let timers = TimerQueue()
    var earliest: [SuspendingClock.Instant] = []
    var latest: [SuspendingClock.Instant] = []
    var fired: [Int] = []
    for number in 0..<3_000 {
      let delay = Duration.microseconds(generator.int(0...20_000))
      earliest.append(.now + delay)
      _ = timers.schedule(after: delay) { fired.append(number) }
      latest.append(.now + delay)
    }
    drain(timers)
    #expect(fired.sorted() == Array(0..<3_000))
    var place = SuspendingClock.now - .seconds(3_600)
    for number in fired {
      // The deadline lies between the two; no later one may have come before.
      #expect(latest[number] >= place)
      place = max(place, earliest[number])
    }
  }

  @Test func noTimerFiresBeforeItsTime() {
    let timers = TimerQueue()
    var fired: SuspendingClock.Instant?
    let due = SuspendingClock.now + .milliseconds(20)
    _ = timers.schedule(after: .milliseconds(20)) { fired = .now }
    timers.fire()
    #expect(fired == nil)
    drain(timers)
    #expect(fired.map { $0 >= due } == true)
  }

  @Test func timersOfOneMomentFireInTheOrderOfScheduling() {
    let timers = TimerQueue()
    var fired: [Int] = []
    for number in 0..<1_000 {
      // All overdue: they differ only in the order of scheduling.
      _ = timers.schedule(after: .zero) { fired.append(number) }
    }
    timers.fire()
    #expect(fired == Array(0..<1_000))
  }

  @Test func cancelledTimersDoNotFire() {
    var generator = SeededGenerator.announced("cancelledTimersDoNotFire")
    let timers = TimerQueue()
    var live: [TimerQueue.ID: Int] = [:]
    var fired: Set<Int> = []
    for number in 0..<10_000 {
      let id = timers.schedule(after: .microseconds(generator.int(0...5_000))) {
        fired.insert(number)
      }
      live[id] = number
      while live.count > 50, let victim = live.keys.randomElement(using: &generator) {
        timers.cancel(victim)
        timers.cancel(victim)
        live[victim] = nil
      }
    }
    drain(timers)
    #expect(fired == Set(live.values))
    #expect(timers.timeUntilNext() == nil)
    for id in live.keys { timers.cancel(id) }
  }

  @Test func aTimerMayScheduleAndCancelOthers() {
    let timers = TimerQueue()
    var fired: [String] = []
    var victim: TimerQueue.ID?
    _ = timers.schedule(after: .zero) {
      fired.append("first")
      if let victim { timers.cancel(victim) }
      _ = timers.schedule(after: .zero) {
        fired.append("third")
        _ = timers.schedule(after: .zero) { fired.append("fourth") }
      }
    }
    victim = timers.schedule(after: .zero) { fired.append("cancelled") }
    _ = timers.schedule(after: .zero) { fired.append("second") }
    drain(timers)
    #expect(fired == ["first", "second", "third", "fourth"])
  }

  @Test func aTimerMayCancelItself() {
    let timers = TimerQueue()
    var own: TimerQueue.ID?
    var count = 0
    own = timers.schedule(after: .zero) {
      count += 1
      if let own { timers.cancel(own) }
    }
    drain(timers)
    #expect(count == 1)
  }

  @Test func aRestartBeginsEveryDelayAnewAndForgetsTheCancelled() {
    let timers = TimerQueue()
    var fired: [String] = []
    _ = timers.schedule(after: .zero) { fired.append("none") }
    _ = timers.schedule(after: .milliseconds(20)) { fired.append("long") }
    let cancelled = timers.schedule(after: .milliseconds(1)) { fired.append("cancelled") }
    timers.cancel(cancelled)
    let stopped = SuspendingClock.now + .milliseconds(30)
    while SuspendingClock.now < stopped {}
    // Without it both would be due now.
    let due = SuspendingClock.now + .milliseconds(20)
    timers.restart()
    timers.fire()
    if SuspendingClock.now < due { #expect(fired == ["none"]) }
    drain(timers)
    #expect(fired == ["none", "long"] && SuspendingClock.now >= due)
  }

  @Test func anOverdueTimerIsDueNow() {
    let timers = TimerQueue()
    _ = timers.schedule(after: .seconds(-5)) {}
    #expect(timers.timeUntilNext() == .zero)
  }
}
