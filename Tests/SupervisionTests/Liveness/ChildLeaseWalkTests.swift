import ProcessTreeRandomTesting
import ProcessTreeSupervision
import Testing

/// A parent and its child, each of which the machine, a signal or its own work keeps from running.
///
/// Time goes in ticks, of which a lease has a hundred, and a renewal is due every 25.
private struct LeaseWorld {
  static let lease = 100
  static let period = 25
  /// How late a renewal arrives at most.
  static let latency = 6

  let limit: Int
  private var random: SeededGenerator
  private var subject: ChildLease
  private var now = 0
  private var due: Int?
  /// Renewals under way, by the tick at which they arrive.
  private var arrivals: [(time: Int, isSuspended: Bool)] = []
  private var nextRenewal = 25
  private var isSuspended = false
  private var parentSleepsUntil = 0
  private var childSleepsUntil = 0
  /// No second pause of both before the child could renew its lease.
  private var nextPause = 0
  /// The tick at which the child hung, unless it does not; how long the parent has run since then.
  private(set) var hungAt: Int?
  private var runSinceHung = 0
  private var tracedUntil = 0
  private var lastTraced = -10_000
  private var runSinceTraced = 10_000
  private(set) var reports = 0
  private(set) var kills = 0
  private(set) var flaws: [String] = []

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    limit = random.int(100...400)
    subject = ChildLease(
      Liveness(lease: .milliseconds(Self.lease), limit: .milliseconds(limit)))
    feed(.begin)
  }

  mutating func play(hangs: Bool, isTraced: Bool) {
    let end = random.int(300...1_500)
    let hang = hangs ? random.int(0...end / 2) : Int.max
    while now < end, kills == 0, flaws.isEmpty {
      now += 1
      if now == hang, !isSuspended {
        hungAt = now
        if isTraced { tracedUntil = now + random.int(0...1_000) }
      }
      pause()
      child()
      if now >= parentSleepsUntil {
        if hungAt != nil { runSinceHung += 1 }
        runSinceTraced += 1
        parent()
      }
    }
    guard hungAt != nil, kills == 0, runSinceHung > limit + Self.latency + 1 else { return }
    if runSinceTraced > 2 * limit + 2 { flaws.append("a hung child was never killed") }
  }

  private mutating func pause() {
    guard now >= nextPause, random.int(0...60) == 0 else { return }
    nextPause = now + 150
    let time = random.int(1...600)
    switch random.int(0...2) {
    case 0: parentSleepsUntil = now + time
    case 1:
      // The whole run; the parent may be the first to go on.
      parentSleepsUntil = now + time
      childSleepsUntil = now + time + random.int(0...5)
    default: childSleepsUntil = now + random.int(1...20)
    }
    nextPause = max(parentSleepsUntil, childSleepsUntil) + 150
  }

  private mutating func child() {
    guard now >= childSleepsUntil, hungAt == nil else { return }
    if isSuspended {
      guard random.int(0...200) == 0 else { return }
      isSuspended = false
      send(isSuspended: false)
    } else if random.int(0...200) == 0 {
      isSuspended = true
      send(isSuspended: true)
    } else if now >= nextRenewal {
      send(isSuspended: false)
    }
  }

  private mutating func send(isSuspended: Bool) {
    nextRenewal = now + Self.period
    let time = max(arrivals.last?.time ?? 0, now + random.int(0...Self.latency))
    arrivals.append((time, isSuspended))
  }

  private mutating func receive() {
    while let first = arrivals.first, first.time <= now {
      arrivals.removeFirst()
      // A hang that the parent cannot know of begins with the last word.
      runSinceHung = 0
      feed(.renewed(isSuspended: first.isSuspended))
    }
  }

  private mutating func parent() {
    // A deadline that has passed ranks above what came.
    if let due, due <= now {
      self.due = nil
      feed(.timePassed)
    }
    receive()
  }

  private mutating func feed(_ input: ChildLease.Input) {
    for action in subject.handle(input, at: .milliseconds(now)) {
      switch action {
      case .arm(let time):
        due = now + Int(time / .milliseconds(1))
      case .disarm: due = nil
      case .inspect:
        receive()
        let isTraced = now < tracedUntil
        if isTraced { (lastTraced, runSinceTraced) = (now, 0) }
        feed(.found(isTraced ? .traced(by: 1) : .running, mayWaitForOutput: false))
      case .reportUnresponsive:
        reports += 1
        if hungAt == nil { flaws.append("a child that renews its lease was reported at \(now)") }
        if runSinceHung > Self.lease + 1 { flaws.append("reported after \(runSinceHung)") }
      case .reportResponsive: flaws.append("a hung child answered")
      case .kill:
        kills += 1
        if now < lastTraced + limit { flaws.append("killed \(now - lastTraced) after a debugger") }
        if lastTraced < 0, runSinceHung > limit + 1 { flaws.append("killed after \(runSinceHung)") }
        if reports != 1 { flaws.append("killed after \(reports) reports") }
      }
    }
  }
}

@Suite struct ChildLeaseWalkTests {
  private func play(_ name: String, hangs: Bool, isTraced: Bool) -> (reports: Int, kills: Int) {
    var generator = SeededGenerator.announced(name)
    var sum = (reports: 0, kills: 0)
    for _ in 0..<iterations(3_000) {
      let seed = generator.next()
      var world = LeaseWorld(seed: seed)
      world.play(hangs: hangs, isTraced: isTraced)
      guard world.flaws.isEmpty else {
        Issue.record("\(world.flaws) with the seed \(seed)")
        return sum
      }
      sum = (sum.reports + world.reports, sum.kills + world.kills)
    }
    return sum
  }

  @Test func noChildThatRenewsItsLeaseIsTakenForHung() {
    let sum = play("noChildThatRenewsItsLeaseIsTakenForHung", hangs: false, isTraced: false)
    #expect(sum == (0, 0))
  }

  @Test func everyHungChildIsFoundInTime() {
    let sum = play("everyHungChildIsFoundInTime", hangs: true, isTraced: false)
    #expect(sum.reports > 1_000 && sum.kills > 1_000)
  }

  @Test func noDebuggerLosesItsProcess() {
    let sum = play("noDebuggerLosesItsProcess", hangs: true, isTraced: true)
    #expect(sum.reports > 1_000 && sum.kills > 100)
  }
}
