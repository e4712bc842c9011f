import ProcessTreeSupervision
import Testing

/// In which order children start and stop, and which rules a supervisor refuses.
@Suite struct SupervisorOrderTests {
  @Test func dependentsWaitForTheirConditions() throws {
    var bench = try SupervisorBench(
      slow: ["base"], ChildRule("base", isUpWhenStarted: false),
      ChildRule("early", dependsOn: ["base": .started]),
      ChildRule("late", dependsOn: ["base": .up]))
    #expect(bench.look() == "+base1")
    bench.started("base")
    #expect(bench.look() == "+early1")
    bench.feed(.up("base", incarnation: 1))
    #expect(bench.look() == "+late1")
  }

  @Test func whatIsWaitedForHasAName() throws {
    var bench = try SupervisorBench(
      slow: ["base"], ChildRule("base", isUpWhenStarted: false),
      ChildRule("late", dependsOn: ["base": .up]))
    bench.started("base")
    #expect(bench.life.unmetDependencies(of: "late") == ["base to be up"])
    #expect(bench.life.unmetDependencies(of: "base").isEmpty)
    #expect(bench.life.unmetDependencies(of: "nobody").isEmpty)
    bench.feed(.up("base", incarnation: 1))
    #expect(bench.life.unmetDependencies(of: "late").isEmpty)
  }

  @Test func aLimitKeepsTheOthersWaiting() throws {
    var bench = try SupervisorBench(
      limit: 2, ChildRule("a", restart: .temporary), ChildRule("b", restart: .transient),
      ChildRule("c", restart: .temporary), ChildRule("d", dependsOn: ["c": .started]))
    #expect(bench.look() == "+a1 +b1" && bench.phase("c") == .waiting)
    #expect(bench.life.limitInForce == 2)
    // A new life takes the place of the old one.
    bench.end("b")
    #expect(bench.look().hasSuffix("+c1"))
    bench.end("a", .normal)
    #expect(bench.life.count(.up) == 2)
    try bench.ask(.stop("c"))
    #expect(bench.life.count(.up) <= 2)
  }

  @Test func dependentsWaitForOneThatIsDown() throws {
    var bench = try SupervisorBench(
      ChildRule("base"), ChildRule("job", restart: .transient, dependsOn: ["base": .up]))
    #expect(bench.look() == "+base1 +job1")
    bench.feed(.down("base", incarnation: 1))
    bench.end("job")
    #expect(bench.phase("base") == .started && bench.phase("job") == .waiting)
    bench.feed(.down("base", incarnation: 1))
    bench.feed(.up("base", incarnation: 2))
    #expect(bench.look().contains("+job2") == false)
    bench.feed(.up("base", incarnation: 1))
    #expect(bench.look() == "+job2" && bench.phase("base") == .up)
  }

  @Test func dependentsWaitThroughRestarts() throws {
    var bench = try SupervisorBench(
      slow: ["job"],
      ChildRule("job", restart: .transient, backoff: RestartBackoff(first: .seconds(1), jitter: 0)),
      ChildRule("after", dependsOn: ["job": .succeeded]))
    bench.end("job", .couldNotStart)
    #expect(bench.phase("after") == .waiting)
    bench.pass(.seconds(1))
    bench.started("job")
    #expect(bench.look() == "+job1 +job2")
    bench.end("job", .normal)
    #expect(bench.look() == "+after1")
  }

  @Test func whatCannotComeIsSkippedUntilItCan() throws {
    var bench = try SupervisorBench(
      slow: ["job"], ChildRule("job", restart: .temporary),
      ChildRule("after", dependsOn: ["job": .succeeded]),
      ChildRule("behind", dependsOn: ["after": .up]),
      ChildRule("anyway", dependsOn: ["job": .ended]))
    bench.started("job")
    bench.end("job", .abnormal)
    #expect(bench.look() == "+job1 skipped after skipped behind +anyway1")
    try bench.ask(.start("job"))
    #expect(bench.phase("after") == .waiting && bench.phase("behind") == .waiting)
    bench.started("job")
    bench.end("job", .normal)
    #expect(bench.look() == "+job2 +after1 +behind1")
  }

  @Test func aDependentRunsOnWithoutItsDependency() throws {
    var bench = try SupervisorBench(ChildRule("a"), ChildRule("b", dependsOn: ["a": .up]))
    _ = bench.look()
    try bench.ask(.stop("a"))
    #expect(bench.look() == "-a" && bench.phase("b") == .up)
    // A late one looks at how its dependency stands now.
    try bench.ask(.restart("b"))
    #expect(bench.look() == "-b" && bench.phase("b") == .waiting)
    try bench.ask(.start("a"))
    #expect(bench.look() == "+a2 +b2")
  }

  @Test func aRestartWithDependentsStopsThemFirstAndStartsThemAfter() throws {
    var bench = try SupervisorBench(
      slow: ["web", "base"], ChildRule("base"),
      ChildRule("job", restart: .temporary, dependsOn: ["base": .up]),
      ChildRule("web", dependsOn: ["base": .up, "job": .succeeded]), ChildRule("other"),
      ChildRule("by hand", dependsOn: ["base": .up]))
    bench.started("base")
    bench.end("job", .normal)
    bench.started("web")
    try bench.ask(.stop("by hand"))
    _ = bench.look()
    try bench.ask(.restartWithDependents("base"))
    #expect(bench.look() == "-web")
    bench.end("web", .asked)
    #expect(bench.look() == "-base")
    bench.end("base", .asked)
    #expect(bench.look() == "+base2")
    bench.started("base")
    // A child that has succeeded does its work again, for those that wait for that.
    #expect(bench.look() == "+job2" && bench.phase("web") == .waiting)
    bench.end("job", .normal)
    #expect(bench.look() == "+web2" && bench.phase("by hand") == .stopped)
    #expect(bench.life.child("base")?.restarts == 0 && bench.life.child("other")?.incarnation == 1)
  }

  @Test func stopsFollowDependenciesAndElseGoTogether() throws {
    var bench = try SupervisorBench(
      slow: ["web", "base", "other"], ChildRule("base"), ChildRule("other"),
      ChildRule("web", dependsOn: ["base": .started]))
    for name in ["base", "other", "web"] { bench.started(name) }
    _ = bench.look()
    bench.feed(.stopAll(within: nil))
    #expect(bench.look() == "-web -other")
    bench.end("other", .asked)
    #expect(bench.look() == "")
    bench.end("web", .asked)
    #expect(bench.look() == "-base")
    bench.end("base", .asked)
    #expect(bench.look() == "over")
    #expect(bench.ending == .stopped)
  }

  @Test func aDeadlineIsSharedByThoseThatWaitForEachOther() throws {
    var bench = try SupervisorBench(
      slow: ["a", "b", "c"],
      ChildRule("a", stopPolicy: StopPolicy(ask: .seconds(6), terminate: .zero)),
      ChildRule("b", stopPolicy: .infinity, dependsOn: ["a": .started]), ChildRule("c"))
    for name in ["a", "b", "c"] { bench.started(name) }
    bench.feed(.stopAll(within: .seconds(6)))
    // Half of it for each of the two; all of it, which is not cut, for the third.
    #expect(bench.milliseconds("b") == 3_000)
    #expect(bench.milliseconds("c") == 6_000)
    #expect(bench.policies["a"] == nil)
    bench.pass(.seconds(3))
    bench.end("b", .asked)
    #expect(bench.milliseconds("a") == 3_000)
    _ = bench.look()
    bench.now = .seconds(6)
    bench.feed(.deadlinePassed)
    #expect(bench.look() == "-c -a")
    #expect(bench.policies["a"] == .kill && bench.policies["c"] == .kill)
  }

  @Test func instancesOfATemplateScale() throws {
    var bench = try SupervisorBench(
      slow: ["web-2"], ChildRule("web", instances: 2), ChildRule("proxy", dependsOn: ["web": .up]))
    #expect(bench.look() == "+web-11 +web-21")
    bench.started("web-2")
    #expect(bench.look() == "+proxy1")
    try bench.ask(.scale("web", to: 4))
    #expect(bench.look() == "+web-31 +web-41")
    try bench.ask(.scale("web", to: 1))
    #expect(bench.look() == "-web-4 -web-3 -web-2")
    #expect(bench.life.names(for: "web") == ["web-1"])
    // One that is on its way out has its next life after that.
    try bench.ask(.scale("web", to: 2))
    bench.end("web-2", .asked)
    #expect(bench.look() == "+web-22")
    #expect(bench.life.rules.first?.instances == 2)
    #expect(throws: SupervisorRefusal.self) { try bench.ask(.scale("proxy", to: 2)) }
  }

  @Test func childrenAreAddedAndRemoved() throws {
    var bench = try SupervisorBench(
      strategy: .restForOne, ChildRule("a"), ChildRule("b"), ChildRule("c"))
    _ = bench.look()
    try bench.ask(.add(ChildRule("d", dependsOn: ["a": .up])))
    #expect(bench.look() == "+d1")
    #expect(throws: SupervisorRefusal.self) { try bench.ask(.remove("a")) }
    #expect(throws: SupervisorRefusal.self) { try bench.ask(.remove("b")) }
    try bench.ask(.stop("b"))
    try bench.ask(.remove("b"))
    #expect(bench.life.rules.map(\.name) == ["a", "c", "d"])
    _ = bench.look()
    bench.end("a")
    #expect(bench.look() == "-d -c +a2 +c2 +d2")
  }

  @Test func eachFaultyRuleHasItsOwnError() {
    func refusal(_ shutdown: AutomaticShutdown = .never, _ rules: ChildRule...) -> String {
      do throws(SupervisorRefusal) {
        _ = try SupervisorLife("top", automaticShutdown: shutdown, rules: rules)
        return ""
      } catch {
        return error.description
      }
    }
    let cases: [(String, String)] = [
      (refusal(.never, ChildRule("a"), ChildRule("a")), "already"),
      (refusal(.never, ChildRule("a-1"), ChildRule("a", instances: 2)), "\"a-1\" already"),
      (refusal(.never, ChildRule("a", dependsOn: ["a": .up])), "on itself"),
      (refusal(.never, ChildRule("a", dependsOn: ["b": .up])), "\"b\", which top does not have"),
      (
        refusal(
          .never, ChildRule("a", dependsOn: ["b": .up]), ChildRule("b", dependsOn: ["c": .up]),
          ChildRule("c", dependsOn: ["b": .started])), "b → c → b"
      ),
      (
        refusal(.never, ChildRule("a", dependsOn: ["b": .succeeded]), ChildRule("b")),
        "wait without end"
      ),
      (refusal(.anySignificant, ChildRule("a", isSignificant: true)), "permanent"),
      (
        refusal(.never, ChildRule("a", restart: .temporary, isSignificant: true)),
        "never shuts down"
      ),
      (refusal(.never, ChildRule("a", instances: -1)), "-1 instances"),
    ]
    for (text, part) in cases { #expect(text.contains(part), "\(part): \(text)") }
  }
}
