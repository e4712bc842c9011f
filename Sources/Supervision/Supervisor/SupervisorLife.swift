internal import ProcessTreeBase

/// How a supervisor keeps its children alive: inputs are events and requests, outputs are actions.
///
/// A value without effects or a clock: times are durations since the supervisor began. A *group* is
/// what one rule makes: a child, or the instances of a template. Dependencies are between groups.
package struct SupervisorLife: Sendable {
  /// How a life of a child ended.
  package enum Verdict: Equatable, Sendable, CaseIterable {
    /// Somebody asked for it, here or elsewhere in the tree.
    case asked
    case normal
    case abnormal
    case couldNotStart
    /// By itself and without success, amid work of which it had done a part: the next life goes on
    /// with that at once, and its failures in a row are over.
    case fruitful
  }

  /// An event in the lives of the children.
  package enum Input: Equatable, Sendable {
    case begin
    /// The child is about to run its program.
    case started(String, incarnation: Int)
    case up(String, incarnation: Int)
    /// The child still runs, and is not up any more.
    case down(String, incarnation: Int)
    /// The child has ended and been reaped; the account is a sentence about it.
    case ended(String, incarnation: Int, Verdict, account: String)
    /// Somebody else was to blame for a failure of the child that counted.
    case excused(String)
    case timerPassed(String)
    /// Ends everything, within a time if there is one; a later request only makes it sooner.
    case stopAll(within: Duration?)
    /// Ends everything in its order; each child may finish its work first, all within this time.
    case drainAll(within: Duration)
    case deadlinePassed
  }

  /// An action that the supervisor has to perform.
  package enum Action: Equatable, Sendable {
    case start(String, incarnation: Int)
    /// Stop the child; a second time with a shorter policy.
    case stop(String, StopPolicy)
    /// Send `timerPassed` at this time; replaces an earlier one of the child.
    case arm(String, at: Duration)
    case disarm(String)
    /// Send `deadlinePassed` at this time; replaces an earlier one.
    case armDeadline(at: Duration)
    case report(Report)
    /// No child is left and none will be started.
    case over(Ending)
  }

  /// What everybody above the supervisor hears of.
  package enum Report: Equatable, Sendable {
    /// The child will have its next life after this time.
    case restarting(String, incarnation: Int, after: Duration, reason: String)
    case skipped(String)
    case gaveUp(String)
  }

  /// Why the supervisor ends.
  package enum Ending: Equatable, Sendable {
    case stopped
    /// Its significant children have ended.
    case shutDown
    /// There were too many restarts; how it came to that, in one line.
    case gaveUp(String)

    /// Why its children are stopped, in words.
    package var reason: String {
      switch self {
      case .stopped: "their supervisor is stopped"
      case .shutDown: "the children that their supervisor waits for have ended"
      case .gaveUp(let chain): chain
      }
    }
  }

  let name: String
  let strategy: SupervisionStrategy
  let intensity: RestartIntensity
  let automaticShutdown: AutomaticShutdown
  /// How many children start at a time: more at once would only make each of them later.
  let mostStarting: Int
  /// How many children are alive at a time.
  let limit: Int

  var children: [String: Child] = [:]
  var groups: [String: Group] = [:]
  /// The names of the groups in the order of start.
  var order: [String] = []
  /// The children that depend on rules that are about to be added.
  var awaited: [String: [String]] = [:]

  var hasBegun = false
  package internal(set) var ending: Ending?
  var isOver = false
  var deadline: Duration?
  /// How far away the deadline was at first.
  var timeToDeadline = Duration.zero
  /// The longest time that the stop of a group and of those that are stopped after it may take.
  var chains: [String: Duration] = [:]

  /// The restarts that count, the oldest first.
  var restarts: [(time: Duration, name: String)] = []
  /// How many stops of a strategy are not over; the restarts of the strategy wait for them.
  var strategyStops = 0
  var significantHasEnded = false
  /// The sequence that jitter is drawn from.
  var random: SplitMix64

  /// Children that may start, in the order in which they came to that.
  var queue: [String] = []
  var queueHead = 0
  /// Groups whose dependencies may have changed.
  var unsettled: [String] = []
  var counts: [SupervisedPhase: Int] = [:]
  var significantActive = 0
  /// The children that the last input or request changed.
  package internal(set) var changed: [String] = []
  var actions: [Action] = []

  /// - Parameters:
  ///   - name: The supervisor's name, for the line that reports that it gave up.
  ///   - limit: How many children are alive at a time; any number if nil.
  ///   - seed: Where the sequence begins that jitter is drawn from.
  /// - Throws: A refusal that names the rule that cannot be kept.
  package init(
    _ name: String, strategy: SupervisionStrategy = .oneForOne,
    intensity: RestartIntensity = .default, automaticShutdown: AutomaticShutdown = .never,
    mostStarting: Int = 16, limit: Int? = nil, seed: UInt64 = 0, rules: [ChildRule] = []
  ) throws(SupervisorRefusal) {
    self.name = name
    self.strategy = strategy
    self.intensity = intensity
    self.automaticShutdown = automaticShutdown
    self.mostStarting = max(1, mostStarting)
    self.limit = max(1, limit ?? .max)
    random = SplitMix64(seed: seed)
    let names = Set(rules.map(\.name))
    for rule in rules { try insert(rule, among: names) }
    try refuseCycles()
    changed = []
  }

  /// Handles an event.
  ///
  /// An event that does not fit changes nothing.
  ///
  /// - Parameter now: The time since the supervisor began; it never goes back.
  /// - Returns: The actions to perform, in order.
  package mutating func handle(_ input: Input, at now: Duration) -> [Action] {
    changed = []
    switch input {
    case .begin: begin()
    case .started(let name, let incarnation): started(name, incarnation, at: now)
    case .up(let name, let incarnation): up(name, incarnation)
    case .down(let name, let incarnation): down(name, incarnation)
    case .ended(let name, let incarnation, let verdict, let account):
      ended(name, incarnation, verdict, account, at: now)
    case .excused(let name): children[name]?.failures.excuse()
    case .timerPassed(let name): timerPassed(name, at: now)
    case .stopAll(let time): end(.stopped, within: time, at: now)
    case .drainAll(let time): drainAll(within: time, at: now)
    case .deadlinePassed: deadlinePassed(at: now)
    }
    return settled(at: now)
  }

  /// Brings about all consequences of the changes, and returns the actions.
  mutating func settled(at now: Duration) -> [Action] {
    settleGroups()
    shutDownIfDue(at: now)
    startWhatMayStart()
    if ending != nil, liveCount == 0, !isOver {
      isOver = true
      actions.append(.over(ending ?? .stopped))
    }
    defer { actions = [] }
    return actions
  }
}
