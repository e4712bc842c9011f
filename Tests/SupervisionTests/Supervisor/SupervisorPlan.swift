import ProcessTreeRandomTesting
import ProcessTreeSupervision

/// A supervisor with rules that chance has chosen.
struct SupervisorPlan {
  var strategy: SupervisionStrategy
  var intensity: RestartIntensity
  var automaticShutdown: AutomaticShutdown
  var mostStarting: Int
  var seed: UInt64
  var rules: [ChildRule] = []

  init(_ generator: inout SeededGenerator) {
    strategy = SupervisionStrategy.allCases[generator.int(0...2)]
    intensity = RestartIntensity(
      restarts: generator.int(0...6), within: .seconds(generator.int(0...5)))
    automaticShutdown = AutomaticShutdown.allCases[max(0, generator.int(-3...2))]
    mostStarting = generator.int(1...3)
    seed = generator.next()
    for number in 0..<generator.int(1...6) {
      rules.append(rule("r\(number)", after: rules, &generator))
    }
  }

  /// A rule that may depend on others.
  func rule(
    _ name: String, after others: [ChildRule], _ generator: inout SeededGenerator
  ) -> ChildRule {
    var rule = ChildRule(name)
    rule.restart = RestartType.allCases[generator.int(0...2)]
    rule.isSignificant =
      automaticShutdown != .never && rule.restart != .permanent && generator.bool()
    rule.isUpWhenStarted = generator.int(0...2) > 0
    rule.stopPolicy = [.default, .kill, .infinity][generator.int(0...2)]
    if generator.int(0...2) == 0 {
      rule.backoff = RestartBackoff(
        first: .milliseconds(generator.int(1...800)), most: .seconds(2),
        jitter: Double(generator.int(0...10)) / 10, healthyAfter: .seconds(1))
    }
    if generator.int(0...3) == 0 { rule.mostFailures = generator.int(0...4) }
    if generator.int(0...4) == 0 { rule.instances = generator.int(0...3) }
    for other in others where generator.int(0...2) == 0 {
      let possible: [DependencyCondition] =
        other.restart == .permanent ? [.started, .up] : DependencyCondition.allCases
      rule.dependsOn[other.name] = possible[generator.int(0...possible.count - 1)]
    }
    return rule
  }
}

extension SupervisorWorld {
  /// Lets chance do something.
  mutating func step(_ generator: inout SeededGenerator) {
    let names = order + processes.keys.filter { rules[$0] == nil }.sorted()
    let live = processes.keys.sorted()
    func any(_ list: [String]) -> String? {
      list.isEmpty ? nil : list[generator.int(0...list.count - 1)]
    }
    switch generator.int(0...19) {
    case 0...5:
      guard let name = live.first(where: { processes[$0]?.hasStarted == false }) else { return }
      feed(.started(name, incarnation: processes[name]?.incarnation ?? 0))
    case 6:
      if generator.int(0...3) == 0, let name = any(live), processes[name]?.isUp == true {
        return feed(.down(name, incarnation: processes[name]?.incarnation ?? 0))
      }
      guard
        let name = live.first(where: { processes[$0].map { $0.hasStarted && !$0.isUp } ?? false })
      else { return }
      feed(.up(name, incarnation: processes[name]?.incarnation ?? 0))
    case 7...10:
      guard let name = any(live), let process = processes[name] else { return }
      let verdicts = SupervisorLife.Verdict.allCases
      var verdict = verdicts[generator.int(0...verdicts.count - 1)]
      if process.hasStarted, verdict == .couldNotStart { verdict = .abnormal }
      if !process.hasStarted, verdict == .normal || verdict == .fruitful {
        verdict = .couldNotStart
      }
      feed(.ended(name, incarnation: process.incarnation, verdict, account: "\(name) ended"))
    case 11:
      guard let name = any(live.filter { processes[$0]?.isStopped == true }) else { return }
      feed(
        .ended(
          name, incarnation: processes[name]?.incarnation ?? 0, .asked, account: "\(name) stopped"))
    case 12, 13: passTimer()
    case 14 where generator.int(0...2) == 0: if let name = any(names) { feed(.excused(name)) }
    case 14: now += .milliseconds(generator.int(1...1_500))
    case 15: ask(requests(names, &generator))
    case 16:
      // An event that is out of date changes nothing.
      guard let name = any(names) else { return }
      let before = life.childrenInOrder
      let old = (lives[name] ?? 0) + (generator.bool() ? 1 : -1)
      feed(.ended(name, incarnation: old, .abnormal, account: "\(name) again"))
      feed(.started(name, incarnation: old))
      check(before == life.childrenInOrder, "a stale input changes something")
    case 17:
      if generator.int(0...9) == 0 {
        let time: Duration = .seconds(generator.int(0...9))
        feed(
          [.stopAll(within: nil), .stopAll(within: time), .drainAll(within: time)][
            generator.int(0...2)])
      }
    default: ask(requests(names, &generator))
    }
  }

  private func requests(
    _ names: [String], _ generator: inout SeededGenerator
  ) -> SupervisorLife.Request {
    let name = names.isEmpty ? "r0" : names[generator.int(0...names.count - 1)]
    switch generator.int(0...13) {
    case 0...2: return .stop(name)
    case 12: return .drain(name, within: .milliseconds(generator.int(-1...3_000)))
    case 3...5: return .start(name)
    case 6...8: return .restart(name)
    case 9: return .scale(name, to: generator.int(0...4))
    case 10: return .remove(name)
    case 13: return .restartWithDependents(name)
    default:
      let others = order.compactMap { rules[$0] }
      return .add(plan.rule("a\(starts)", after: others, &generator))
    }
  }

  private mutating func passTimer() {
    guard let next = timers.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }) else { return }
    now = max(now, next.value)
    timers[next.key] = nil
    feed(.timerPassed(next.key))
  }

  /// Lets everything come about that is under way: nobody dies any more.
  mutating func calm() {
    var rounds = 0
    while rounds < 10_000 {
      rounds += 1
      if let (name, process) = processes.first(where: { $0.value.isStopped }) {
        feed(.ended(name, incarnation: process.incarnation, .asked, account: ""))
      } else if let (name, process) = processes.first(where: { !$0.value.hasStarted }) {
        feed(.started(name, incarnation: process.incarnation))
      } else if let (name, process) = processes.first(where: { !$0.value.isUp }) {
        feed(.up(name, incarnation: process.incarnation))
      } else if !timers.isEmpty {
        passTimer()
      } else {
        break
      }
    }
    check(rounds < 10_000, "it does not come to rest")
    for child in life.childrenInOrder where child.phase == .waiting {
      let rule = rule(of: child.name)
      let isHeld = rule?.dependsOn.contains { !holds($0.value, for: $0.key) } ?? false
      // In the order of rest-for-one it may be one before it that is held.
      check(isHeld || plan.strategy == .restForOne, "\(child.name) waits for nothing")
    }
    for child in life.childrenInOrder {
      check(child.phase.isLive == (processes[child.name] != nil), "is wrong about", child.name)
      check(child.phase.isSettled || child.phase == .waiting, "does not come to rest", child.name)
    }
  }
}
