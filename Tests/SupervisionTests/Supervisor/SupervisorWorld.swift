import ProcessTreeRandomTesting
import ProcessTreeSupervision

/// The processes below a supervisor, and what an observer who knows its rules expects of it.
///
/// It is written apart from what it checks: it knows processes, ends and requests, and no phases.
struct SupervisorWorld {
  /// A life of a child as the observer sees it.
  struct Process {
    var incarnation: Int
    var hasStarted = false
    var isUp = false
    var isStopped = false
  }

  /// How the last life of a child ended, unless another follows.
  enum End {
    case normal
    case failed(hasRun: Bool)
    case asked
  }

  let plan: SupervisorPlan
  var life: SupervisorLife
  var now = Duration.zero
  var rules: [String: ChildRule] = [:]
  var order: [String] = []
  var processes: [String: Process] = [:]
  var lives: [String: Int] = [:]
  var ends: [String: End] = [:]
  var timers: [String: Duration] = [:]
  var deadline: Duration?
  /// Failures in a row, and when the present life began.
  var failures: [String: Int] = [:]
  var startTimes: [String: Duration] = [:]
  var counted: [Duration] = []
  /// Why a process may be stopped.
  var mayStop: Set<String> = []
  /// Old lives that a strategy has to end before its restarts.
  var batchToEnd: Set<String> = []
  var batch: Set<String> = []
  /// Whose present life is followed by another, although its end is asked for.
  var followed: Set<String> = []
  var isEnding = false
  var isOver = false
  var violations: [String] = []
  var history: [(time: Duration, step: any Sendable)] = []
  var starts = 0

  init(_ plan: SupervisorPlan) throws {
    self.plan = plan
    life = try SupervisorLife(
      "top", strategy: plan.strategy, intensity: plan.intensity,
      automaticShutdown: plan.automaticShutdown, mostStarting: plan.mostStarting, seed: plan.seed,
      rules: plan.rules)
    for rule in plan.rules {
      rules[rule.name] = rule
      order.append(rule.name)
    }
  }

  /// The rule is a constant where it is checked often: texts are made even if nothing is wrong.
  mutating func check(_ holds: Bool, _ rule: String, _ child: String = "") {
    if !holds { violations.append("\(child) \(rule)") }
  }

  /// The names of a rule's children as the observer counts them: those that are or were.
  func members(of rule: String) -> [String] {
    guard let instances = rules[rule]?.instances else { return rules[rule] == nil ? [] : [rule] }
    return (0..<instances).map { "\(rule)-\($0 + 1)" }
  }

  func rule(of child: String) -> ChildRule? {
    if let rule = rules[child] { return rule }
    guard let dash = child.lastIndex(of: "-") else { return nil }
    return rules[String(child[..<dash])]
  }

  // MARK: Inputs

  mutating func feed(_ input: SupervisorLife.Input) {
    history.append((now, input))
    let before = expectations(of: input)
    let actions = life.handle(input, at: now)
    before(&self, actions)
    apply(actions)
  }

  mutating func ask(_ request: SupervisorLife.Request) {
    history.append((now, request))
    let actions: [SupervisorLife.Action]
    do throws(SupervisorRefusal) {
      actions = try life.handle(request, at: now)
    } catch {
      history.append((now, error))
      return
    }
    switch request {
    case .add(let rule):
      rules[rule.name] = rule
      order.append(rule.name)
    case .start(let name), .restart(let name):
      for child in children(named: name) {
        failures[child] = 0
        if mayStop.contains(child), !isEnding { followed.insert(child) }
        if processes[child] == nil { ends[child] = nil }
        if case .restart = request, processes[child]?.hasStarted == true {
          mayStop.insert(child)
          followed.insert(child)
        }
      }
    case .restartWithDependents(let name):
      let meant = children(named: name)
      for child in meant + dependents(of: name) {
        if !meant.contains(child) {
          // Somebody has had it stopped, or stops it: that stays so.
          if processes[child] == nil, case .asked? = ends[child] { continue }
          if processes[child]?.isStopped == true || mayStop.contains(child) { continue }
        }
        failures[child] = 0
        if mayStop.contains(child), !isEnding { followed.insert(child) }
        if processes[child] == nil { ends[child] = nil }
        guard processes[child] != nil else { continue }
        mayStop.insert(child)
        if !isEnding { followed.insert(child) }
      }
    case .stop(let name), .drain(let name, _):
      for child in children(named: name) {
        failures[child] = 0
        guard processes[child] == nil else {
          mayStop.insert(child)
          if batchToEnd.contains(child) { followed.remove(child) }
          continue
        }
        if ends[child] == nil, lives[child] != nil { ends[child] = .asked }
      }
    case .scale(let name, let count):
      let before = members(of: name)
      rules[name]?.instances = count
      mayStop.formUnion(Set(before).subtracting(members(of: name)))
      for child in Set(before).subtracting(members(of: name)) where processes[child] == nil {
        forget(child)
      }
    case .remove(let name):
      for child in members(of: name) { forget(child) }
      rules[name] = nil
      order.removeAll { $0 == name }
    }
    apply(actions)
  }

  private mutating func forget(_ child: String) {
    lives[child] = nil
    ends[child] = nil
    // Another child of that name is not in it.
    batch.remove(child)
    failures[child] = nil
  }

  private func children(named name: String) -> [String] {
    rules[name] == nil ? [name] : members(of: name)
  }

  /// The children of the rules that depend on that of a child, directly or not.
  private func dependents(of name: String) -> [String] {
    var found: Set<String> = [rules[name]?.name ?? rule(of: name)?.name ?? name]
    let first = found
    while true {
      let more = rules.values.filter { !found.isDisjoint(with: $0.dependsOn.keys) }.map(\.name)
      guard !found.isSuperset(of: more) else { break }
      found.formUnion(more)
    }
    return found.subtracting(first).flatMap(members)
  }

  // MARK: Events that have to follow

  /// What the observer expects of the actions, and learns with them.
  private mutating func expectations(
    of input: SupervisorLife.Input
  ) -> (inout Self, [SupervisorLife.Action]) -> Void {
    switch input {
    case .started(let name, let incarnation):
      let isUp = rule(of: name)?.isUpWhenStarted == true
      if processes[name]?.incarnation == incarnation {
        processes[name]?.hasStarted = true
        processes[name]?.isUp = isUp
        startTimes[name] = now
      }
    case .up(let name, let incarnation):
      if processes[name]?.incarnation == incarnation { processes[name]?.isUp = true }
    case .down(let name, let incarnation):
      if processes[name]?.incarnation == incarnation { processes[name]?.isUp = false }
    case .ended(let name, let incarnation, let verdict, _):
      guard let process = processes[name], process.incarnation == incarnation else { break }
      return ended(name, process, verdict)
    case .stopAll(let time):
      isEnding = true
      if let time { deadline = min(deadline ?? now + time, now + time) }
    case .drainAll: isEnding = true
    case .excused(let name): failures[name] = max(0, (failures[name] ?? 0) - 1)
    case .begin, .timerPassed, .deadlinePassed: break
    }
    return { _, _ in }
  }

  private mutating func ended(
    _ name: String, _ process: Process, _ verdict: SupervisorLife.Verdict
  ) -> (inout Self, [SupervisorLife.Action]) -> Void {
    processes[name] = nil
    batchToEnd.remove(name)
    guard let rule = rule(of: name), members(of: rule.name).contains(name) else {
      forget(name)
      return { _, _ in }
    }
    // A process that may be stopped has been asked for, even if it has not got the request yet.
    let wasToStop = mayStop.remove(name) != nil || isEnding
    if wasToStop || verdict == .asked {
      ends[name] = followed.remove(name) == nil ? .asked : nil
      if !wasToStop { failures[name] = 0 }
      return { _, _ in }
    }
    let isFailure = verdict != .normal
    guard rule.restart == .permanent || (rule.restart == .transient && isFailure) else {
      ends[name] = isFailure ? .failed(hasRun: process.hasStarted) : .normal
      return { $0.checkNoReport(in: $1) }
    }
    counted = counted.filter { now - $0 <= plan.intensity.period } + [now]
    guard counted.count <= plan.intensity.restarts else {
      ends[name] = .failed(hasRun: process.hasStarted)
      return gaveUp(name)
    }
    return restarted(name, process, verdict, rule)
  }

  private func gaveUp(_ name: String) -> (inout Self, [SupervisorLife.Action]) -> Void {
    { world, actions in
      let gaveUp = actions.contains { action in
        if case .report(.gaveUp(let chain)) = action {
          chain.contains(name) && chain.hasSuffix("top gave up")
        } else {
          false
        }
      }
      world.check(gaveUp, "too many failures of \(name) without an end")
      world.isEnding = true
    }
  }

  private mutating func restarted(
    _ name: String, _ process: Process, _ verdict: SupervisorLife.Verdict, _ rule: ChildRule
  ) -> (inout Self, [SupervisorLife.Action]) -> Void {
    let wasHealthy =
      process.hasStarted
      && startTimes[name].map { now - $0 >= rule.backoff?.healthyAfter ?? .zero } == true
    let level = wasHealthy ? 0 : failures[name] ?? 0
    failures[name] = verdict == .fruitful ? 0 : level + 1
    if let most = rule.mostFailures, failures[name] ?? 0 > most {
      ends[name] = .failed(hasRun: process.hasStarted)
      return gaveUp(name)
    }
    ends[name] = nil
    let others = affected(by: name, of: rule)
    for other in others where processes[other] != nil && !mayStop.contains(other) {
      mayStop.insert(other)
      batchToEnd.insert(other)
      batch.insert(other)
      if self.rule(of: other)?.restart != .temporary { followed.insert(other) }
    }
    for other in others where self.rule(of: other)?.restart == .transient {
      if case .normal = ends[other] { ends[other] = nil }
    }
    batch.insert(name)
    return { world, actions in
      let delays = actions.compactMap { action -> Duration? in
        if case .report(.restarting(name, _, let delay, _)) = action { delay } else { nil }
      }
      world.check(delays.count == 1, "\(name): a restart is reported once, not \(delays)")
      guard let delay = delays.first else { return }
      guard let backoff = rule.backoff, verdict != .fruitful else {
        return world.check(delay == .zero, "a wait")
      }
      var plain = backoff.first
      for _ in 0..<level where plain < backoff.most { plain = min(plain * 2, backoff.most) }
      plain = min(plain, backoff.most)
      let range = plain * (1 - backoff.jitter)...min(plain * (1 + backoff.jitter), backoff.most)
      let slack = Duration.microseconds(1)
      world.check(
        delay >= range.lowerBound - slack && delay <= range.upperBound + slack,
        "\(name): \(delay) at failure \(level) is not in \(range)")
    }
  }

  private mutating func checkNoReport(in actions: [SupervisorLife.Action]) {
    for case .report(.restarting(let name, _, _, _)) in actions {
      check(false, "is restarted after an end for good", name)
    }
  }

  /// Whom the strategy replaces besides the one that ended.
  private func affected(by name: String, of rule: ChildRule) -> [String] {
    let all = order.flatMap { group in
      // Those that are on their way out count as well.
      life.childrenInOrder.filter { $0.group == group }.map(\.name)
    }
    switch plan.strategy {
    case .oneForOne: return []
    case .oneForAll: return all.filter { $0 != name }
    case .restForOne: return Array(all.drop { $0 != name }.dropFirst())
    }
  }
}
