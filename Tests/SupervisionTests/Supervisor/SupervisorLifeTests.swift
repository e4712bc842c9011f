import Glibc
import ProcessTreeSupervision
import Testing

/// What a supervisor does in the cases that its documentation names.
@Suite struct SupervisorLifeTests {
  /// Permanent, transient and temporary, each with a normal end, one that was asked for, a failure.
  @Test(arguments: [
    (RestartType.permanent, [true, false, true]), (.transient, [false, false, true]),
    (.temporary, [false, false, false]),
  ])
  func restartTypes(_ type: RestartType, _ isRestarted: [Bool]) throws {
    let verdicts: [SupervisorLife.Verdict] = [.normal, .asked, .abnormal]
    for (verdict, isRestarted) in zip(verdicts, isRestarted) {
      var bench = try SupervisorBench(ChildRule("a", restart: type))
      #expect(bench.look() == "+a1")
      bench.end("a", verdict)
      #expect(bench.look() == (isRestarted ? "+a2" : ""))
      let phases: [SupervisorLife.Verdict: SupervisedPhase] = [
        .normal: .succeeded, .asked: .stopped,
      ]
      #expect(bench.phase("a") == (isRestarted ? .up : phases[verdict] ?? .failed))
      #expect(bench.life.child("a")?.restarts == (isRestarted ? 1 : 0))
    }
  }

  @Test func oneThatDoesNotStartByItselfWaitsForARequest() throws {
    var bench = try SupervisorBench(
      strategy: .oneForAll, ChildRule("a"), ChildRule("b", startsByItself: false),
      ChildRule("c", instances: 1, startsByItself: false))
    #expect(bench.look() == "+a1" && bench.phase("b") == .stopped && bench.life.isSettled)
    bench.end("a")
    #expect(bench.look() == "+a2")
    try bench.ask(.start("b"))
    #expect(bench.look() == "+b1")
    bench.end("b")
    #expect(bench.look() == "-a +a3 +b2")
    try bench.ask(.scale("c", to: 2))
    #expect(bench.look() == "+c-21" && bench.phase("c-1") == .stopped)
    try bench.ask(.add(ChildRule("d", startsByItself: false)))
    #expect(bench.look() == "+d1")
  }

  @Test func aManualChildStartsByRequestAlone() throws {
    var bench = try SupervisorBench(
      strategy: .oneForAll, ChildRule("a"),
      ChildRule("m", dependsOn: ["a": .up], startsByItself: false),
      ChildRule("n", instances: 2, startsByItself: false))
    #expect(bench.look() == "+a1")
    #expect(bench.phase("m") == .stopped && bench.phase("n-2") == .stopped && bench.life.isSettled)
    bench.end("a")
    #expect(bench.look() == "+a2")
    try bench.ask(.stop("a"))
    try bench.ask(.start("m"))
    // It waits for its dependency, and is not skipped.
    #expect(bench.look() == "-a" && bench.phase("m") == .waiting)
    try bench.ask(.start("a"))
    #expect(bench.look() == "+a3 +m1")
    try bench.ask(.start("n"))
    #expect(bench.look() == "+n-11 +n-21")
    try bench.ask(.scale("n", to: 3))
    #expect(bench.look() == "+n-31")
    try bench.ask(.stop("m"))
    #expect(bench.phase("m") == .stopped)
  }

  @Test func oneForOneReplacesOne() throws {
    var bench = try SupervisorBench(ChildRule("a"), ChildRule("b"), ChildRule("c"))
    _ = bench.look()
    bench.end("b")
    #expect(bench.look() == "+b2")
  }

  @Test func oneForAllReplacesAll() throws {
    var bench = try SupervisorBench(
      strategy: .oneForAll, ChildRule("a"), ChildRule("b"), ChildRule("t", restart: .temporary),
      ChildRule("c", restart: .transient))
    bench.end("c", .normal)
    _ = bench.look()
    bench.end("b")
    // A transient child that had ended comes back with the others, a temporary one does not.
    #expect(bench.look() == "-t -a +a2 +b2 +c2")
    #expect(bench.phase("t") == .stopped && bench.life.child("t")?.isDropped == true)
    try bench.ask(.start("t"))
    #expect(bench.look() == "+t2" && bench.life.child("t")?.isDropped == false)
  }

  @Test func oneForAllStartsNobodyBeforeAllHaveEnded() throws {
    var bench = try SupervisorBench(
      strategy: .oneForAll, slow: ["a", "b"], ChildRule("a"), ChildRule("b"))
    bench.started("a")
    bench.started("b")
    _ = bench.look()
    bench.end("b")
    #expect(bench.look() == "-a")
    bench.end("a", .asked)
    #expect(bench.look() == "+a2 +b2")
  }

  @Test func restForOneReplacesTheRestInOrder() throws {
    var bench = try SupervisorBench(
      strategy: .restForOne, slow: ["c"], ChildRule("a"), ChildRule("b"), ChildRule("c"),
      ChildRule("d"))
    #expect(bench.look() == "+a1 +b1 +c1")
    bench.started("c")
    #expect(bench.look() == "+d1")
    bench.end("b")
    #expect(bench.look() == "-d -c")
    bench.end("c", .asked)
    #expect(bench.look() == "+b2 +c2")
    bench.started("c")
    #expect(bench.look() == "+d2")
  }

  @Test func tooManyRestartsEndTheSupervisor() throws {
    var bench = try SupervisorBench(ChildRule("a"), ChildRule("b"))
    _ = bench.look()
    for _ in 0..<3 {
      bench.now += .seconds(1)
      bench.end("a")
    }
    #expect(bench.look() == "+a2 +a3 +a4")
    bench.now += .seconds(1)
    bench.end("a")
    #expect(bench.look() == "gave up: a ended 4 times in 3.0 s; top gave up -b over")
    #expect(bench.ending == .gaveUp("a ended 4 times in 3.0 s; top gave up"))
  }

  @Test func restartsBeforeThePeriodDoNotCount() throws {
    var bench = try SupervisorBench(ChildRule("a"))
    for _ in 0..<100 {
      bench.now += .seconds(2)
      bench.end("a")
    }
    #expect(bench.phase("a") == .up)
  }

  @Test func theChainNamesTheLastOfSeveral() throws {
    var bench = try SupervisorBench(
      intensity: RestartIntensity(restarts: 1, within: .seconds(5)), ChildRule("a"),
      ChildRule("b"))
    bench.end("a")
    bench.end("b")
    #expect(bench.ending == .gaveUp("b ended, the last of 2 ends in 0 ms; top gave up"))
  }

  @Test func askedForEndsNeverCount() throws {
    var bench = try SupervisorBench(
      strategy: .oneForAll, intensity: RestartIntensity(restarts: 0, within: .seconds(60)),
      ChildRule("a"),
      ChildRule("b"))
    _ = bench.look()
    for _ in 0..<100 { try bench.ask(.restart("a")) }
    try bench.ask(.stop("b"))
    bench.end("a", .asked)
    #expect(bench.life.child("a")?.incarnation == 101)
    #expect(bench.ending == nil)
    #expect(bench.phase("a") == .stopped && bench.phase("b") == .stopped)
  }

  @Test func fiftyStopsAndTwentyRestartsAtOnceGiveOneLife() throws {
    var bench = try SupervisorBench(slow: ["a"], ChildRule("a"))
    bench.started("a")
    _ = bench.look()
    for number in 0..<70 { try bench.ask(number % 7 < 5 ? .stop("a") : .restart("a")) }
    #expect(bench.look() == "-a")
    bench.end("a", .asked)
    #expect(bench.look() == "+a2")
    for _ in 0..<20 { try bench.ask(.restart("a")) }
    bench.started("a")
    #expect(bench.look() == "")
    #expect(bench.phase("a") == .up)
  }

  @Test func backoffGrowsToItsLimitAndStartsAnewAfterHealth() throws {
    let backoff = RestartBackoff(
      first: .milliseconds(100), most: .seconds(1), jitter: 0, healthyAfter: .seconds(20))
    var bench = try SupervisorBench(
      intensity: RestartIntensity(restarts: 100, within: .seconds(60)),
      ChildRule("a", backoff: backoff))
    for wait in [100, 200, 400, 800, 1_000, 1_000] {
      bench.end("a")
      #expect(bench.phase("a") == .backoff)
      #expect(bench.life.child("a")?.nextStart == bench.now + .milliseconds(wait))
      bench.pass(.milliseconds(wait - 1))
      #expect(bench.phase("a") == .backoff)
      bench.pass(.milliseconds(1))
      #expect(bench.phase("a") == .up)
    }
    bench.now += .seconds(20)
    bench.end("a")
    #expect(bench.life.child("a")?.nextStart == bench.now + .milliseconds(100))
    // A request for a start does not wait.
    try bench.ask(.start("a"))
    #expect(bench.phase("a") == .up && bench.timers.isEmpty)
  }

  /// A supervisor that counts failures in a row only, with waits of 10, 20 and 40 ms.
  private func streakBench() throws -> SupervisorBench {
    let backoff = RestartBackoff(first: .milliseconds(10), jitter: 0, healthyAfter: .seconds(60))
    return try SupervisorBench(
      intensity: RestartIntensity(restarts: .max, within: .zero),
      ChildRule("a", backoff: backoff, mostFailures: 3), ChildRule("b"))
  }

  /// Lets a child fail and wait; returns how long it waits in milliseconds.
  private func fail(_ bench: inout SupervisorBench) -> Double? {
    bench.end("a")
    guard let next = bench.life.child("a")?.nextStart else { return nil }
    let wait = next - bench.now
    bench.pass(wait)
    return wait / .milliseconds(1)
  }

  @Test func failuresInARowEndTheSupervisor() throws {
    var bench = try streakBench()
    for _ in 0..<20 { bench.end("b") }
    #expect((0..<3).map { _ in fail(&bench) } == [10, 20, 40])
    _ = bench.look()
    #expect(fail(&bench) == nil)
    #expect(bench.look() == "gave up: a ended 4 times in 70 ms; top gave up -b over")
  }

  @Test func aFruitfulLifeIsFollowedAtOnceAndEndsTheRow() throws {
    var bench = try streakBench()
    for _ in 0..<5 {
      #expect((0..<3).map { _ in fail(&bench) } == [10, 20, 40])
      for _ in 0..<20 { bench.end("a", .fruitful) }
      #expect(bench.phase("a") == .up)
    }
  }

  @Test func anExcusedFailureDoesNotCount() throws {
    var bench = try streakBench()
    for _ in 0..<20 {
      #expect(fail(&bench) == 10)
      bench.feed(.excused("a"))
      bench.feed(.excused("a"))
    }
    #expect((0..<4).map { _ in fail(&bench) } == [10, 20, 40, nil])
  }

  @Test func jitterFollowsFromTheSeed() throws {
    let backoff = RestartBackoff(first: .seconds(1), jitter: 0.5)
    func waits(_ seed: UInt64) throws -> [Duration] {
      var life = try SupervisorLife(
        "top", intensity: RestartIntensity(restarts: 100), seed: seed,
        rules: (0..<20).map { ChildRule("\($0)", backoff: backoff) })
      _ = life.handle(.begin, at: .zero)
      return (0..<20).compactMap { child in
        let end = SupervisorLife.Input.ended("\(child)", incarnation: 1, .abnormal, account: "")
        return life.handle(end, at: .zero).compactMap { action -> Duration? in
          if case .arm(_, let time) = action { time } else { nil }
        }.first
      }
    }
    #expect(try waits(1) == waits(1) && waits(1) != waits(2))
    #expect(try waits(1).allSatisfy { (.milliseconds(500)...(.milliseconds(1_500))).contains($0) })
    #expect(try Set(waits(1)).count > 10)
  }

  @Test func hostileNumbersMakeNoBackoffThatTraps() {
    for number in [Double.nan, .infinity, -.infinity, -1, 0, 1e300] {
      for duration in [Duration.zero, .seconds(-5), .seconds(Int64.max)] {
        let backoff = RestartBackoff(
          first: duration, factor: number, most: duration, jitter: number)
        for failures in [0, 1, 1_000_000] {
          #expect(backoff.delay(after: failures, chance: 1) >= .zero)
        }
      }
    }
  }

  @Test func significantChildrenEndTheSupervisor() throws {
    for (shutdown, isOverAfterOne) in [
      (AutomaticShutdown.anySignificant, true), (.allSignificant, false),
    ] {
      var bench = try SupervisorBench(
        automaticShutdown: shutdown, ChildRule("service"),
        ChildRule("a", restart: .transient, isSignificant: true),
        ChildRule("b", restart: .temporary, isSignificant: true))
      bench.end("a", .abnormal)
      #expect(bench.ending == nil)
      bench.end("b", .abnormal)
      #expect((bench.ending == .shutDown) == isOverAfterOne)
      bench.end("a", .normal)
      #expect(bench.ending == .shutDown)
    }
  }

  @Test func aStopOfASignificantChildEndsNothing() throws {
    var bench = try SupervisorBench(
      automaticShutdown: .anySignificant, ChildRule("a", restart: .transient, isSignificant: true))
    try bench.ask(.stop("a"))
    #expect(bench.phase("a") == .stopped && bench.ending == nil)
  }

  @Test func aSupervisorOfManyTakesLinearTime() throws {
    // Of this thread: others use the machine as well.
    func processorTime() -> Duration {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
    func time(_ count: Int) throws -> Duration {
      let start = processorTime()
      var life = try SupervisorLife("top", rules: (0..<count).map { ChildRule("child-\($0)") })
      var actions = life.handle(.begin, at: .zero)[...]
      var isOver = false
      func reply(_ action: SupervisorLife.Action) -> SupervisorLife.Input? {
        switch action {
        case .start(let name, let incarnation): .started(name, incarnation: incarnation)
        case .stop(let name, _): .ended(name, incarnation: 1, .asked, account: "")
        default: nil
        }
      }
      for round in 0..<2 {
        if round == 1 { actions = life.handle(.stopAll(within: .seconds(5)), at: .zero)[...] }
        while let action = actions.popFirst() {
          if case .over = action { isOver = true }
          if let input = reply(action) { actions += life.handle(input, at: .zero) }
        }
      }
      #expect(isOver)
      return processorTime() - start
    }
    // The best of three: caches may be cold.
    let (few, many) = try (
      (0..<3).map { _ in try time(200) }.min() ?? .zero,
      (0..<3).map { _ in try time(2_000) }.min() ?? .zero
    )
    #expect(many < few * 30, "\(few) for 200, \(many) for 2,000")
  }
}
