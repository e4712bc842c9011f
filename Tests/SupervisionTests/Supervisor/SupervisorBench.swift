import ProcessTreeSupervision

/// A supervisor whose children obey at once, unless the test arranges otherwise.
struct SupervisorBench {
  var life: SupervisorLife
  var now = Duration.zero
  /// Children that do not report a start, or do not end, by themselves.
  var slow: Set<String> = []
  /// What happened since the last look: `+a1` for a start, `-a` for a stop, and the reports.
  private var log: [String] = []
  private(set) var policies: [String: StopPolicy] = [:]
  private(set) var timers: [String: Duration] = [:]
  private(set) var ending: SupervisorLife.Ending?

  init(
    strategy: SupervisionStrategy = .oneForOne,
    intensity: RestartIntensity = RestartIntensity(restarts: 3, within: .seconds(5)),
    automaticShutdown: AutomaticShutdown = .never, limit: Int? = nil,
    slow: Set<String> = [], _ rules: ChildRule...
  ) throws {
    self.slow = slow
    life = try SupervisorLife(
      "top", strategy: strategy, intensity: intensity, automaticShutdown: automaticShutdown,
      limit: limit, rules: rules)
    feed(.begin)
  }

  mutating func feed(_ input: SupervisorLife.Input) { perform(life.handle(input, at: now)) }

  mutating func ask(_ request: SupervisorLife.Request) throws {
    perform(try life.handle(request, at: now))
  }

  /// Lets the present life of a child end by itself.
  mutating func end(_ name: String, _ verdict: SupervisorLife.Verdict = .abnormal) {
    let incarnation = life.child(name)?.incarnation ?? 0
    feed(.ended(name, incarnation: incarnation, verdict, account: "\(name) ended"))
  }

  mutating func started(_ name: String) {
    feed(.started(name, incarnation: life.child(name)?.incarnation ?? 0))
  }

  /// Lets time pass, and the timers that are due fire.
  mutating func pass(_ time: Duration) {
    now += time
    for (name, time) in timers where time <= now {
      timers[name] = nil
      feed(.timerPassed(name))
    }
  }

  /// What happened since the last look.
  mutating func look() -> String {
    defer { log = [] }
    return log.joined(separator: " ")
  }

  func phase(_ name: String) -> SupervisedPhase? { life.child(name)?.phase }

  /// The time that the last stop of a child gave it.
  func milliseconds(_ name: String) -> Int {
    Int(((policies[name]?.total ?? .zero) / .milliseconds(1)).rounded())
  }

  private mutating func perform(_ actions: [SupervisorLife.Action]) {
    for action in actions {
      switch action {
      case .start(let name, let incarnation):
        log.append("+\(name)\(incarnation)")
        if !slow.contains(name) { started(name) }
      case .stop(let name, let policy):
        log.append("-\(name)")
        policies[name] = policy
        if !slow.contains(name) { end(name, .asked) }
      case .arm(let name, let time): timers[name] = time
      case .disarm(let name): timers[name] = nil
      case .armDeadline: break
      case .report(.restarting): break
      case .report(.skipped(let name)): log.append("skipped \(name)")
      case .report(.gaveUp(let chain)): log.append("gave up: \(chain)")
      case .over(let ending):
        log.append("over")
        self.ending = ending
      }
    }
  }
}
