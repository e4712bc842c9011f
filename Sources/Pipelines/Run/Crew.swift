internal import ProcessTreeBase
internal import ProcessTreeSupervision

/// The workers of one stage as a value: a supervisor keeps those alive that the stage wants.
///
/// A stage has places for workers, of which the first are wanted. A worker that
/// is asked to stop leaves unfinished envelopes to the others: the first place is never left before
/// the stage is over.
struct Crew {
  /// What the run does for the worker with a number.
  enum Order: Equatable {
    case start(Int)
    case stop(Int)
    /// Report when the time has passed.
    case wait(Int, Duration)
  }

  /// What happened to a worker.
  enum Event: Equatable {
    case started
    /// It has gone: with the verdict `normal` if it has come to its end.
    case ended(SupervisorLife.Verdict, account: String = "")
    /// A death counted although the worker had begun an item.
    case excused
    /// The time has passed for which its place waits.
    case timePassed
  }

  /// How many workers in a row may die in one place without having got anything done, and still be
  /// replaced.
  static let mostFailures = 9
  private static let backoff = RestartBackoff(
    first: .milliseconds(10), most: .seconds(1), healthyAfter: .longest)

  /// How many workers are wanted.
  private(set) var count: Int
  /// How it came to that no further worker is tried, in one line.
  private(set) var gaveUp: String?
  private let workers: Range<Int>
  private var life: SupervisorLife
  /// Whether nothing more comes for the stage.
  private(set) var isFed = false
  /// Whether a worker has found that there is nothing left to take.
  private var isEnding = false
  /// The places whose workers were removed after their input had ended.
  ///
  /// Their `finish` output may be incomplete, so replacements run `finish` again.
  private var owing: Set<Int> = []

  /// - Parameters:
  ///   - name: The stage's name.
  ///   - count: How many workers are wanted, at least one.
  ///   - workers: The numbers of those that may be wanted.
  ///   - seed: Decides the jitter of pauses.
  init(_ name: String, count: Int, of workers: Range<Int>, seed: UInt64) throws {
    self.count = count
    self.workers = workers
    life = try SupervisorLife(
      name, intensity: RestartIntensity(restarts: .max, within: .zero), seed: seed)
  }

  /// Whether the stage's input has ended and all its workers with it.
  var isOver: Bool { isFed && owing.isEmpty && life.isSettled && life.count(.up) == 0 }

  /// Whether a worker was asked to stop.
  func isLeaving(_ worker: Int) -> Bool { life.child("\(worker)")?.phase == .stopping }

  /// Starts the first workers.
  mutating func begin(at now: Duration) -> [Order] { settle(life.handle(.begin, at: now), now) }

  /// Changes the number of workers that are wanted; without effect on a stage that is ending.
  mutating func resize(to count: Int, at now: Duration) -> [Order] {
    guard !isEnding else { return [] }
    self.count = count
    return settle([], now)
  }

  /// Notes that nothing more comes for the stage; call it before its workers can find that out.
  mutating func feedEnded() { isFed = true }

  /// Notes what happened to a worker.
  mutating func handle(_ event: Event, of worker: Int, at now: Duration) -> [Order] {
    let name = "\(worker)"
    let incarnation = life.child(name)?.incarnation ?? 0
    let input: SupervisorLife.Input
    switch event {
    case .started: input = .started(name, incarnation: incarnation)
    case .excused: input = .excused(name)
    case .timePassed: input = .timerPassed(name)
    case .ended(let verdict, let account):
      if verdict == .normal {
        isEnding = true
      } else if isFed, isLeaving(worker) {
        owing.insert(worker)
      }
      input = .ended(name, incarnation: incarnation, verdict, account: account)
    }
    return settle(life.handle(input, at: now), now)
  }

  /// Requests what is missing for the workers that are wanted, and returns what follows from all
  /// actions.
  private mutating func settle(_ actions: [SupervisorLife.Action], _ now: Duration) -> [Order] {
    var actions = actions
    func request(_ request: SupervisorLife.Request) {
      actions += (try? life.handle(request, at: now)) ?? []
    }
    for worker in workers where !isEnding || owing.contains(worker) {
      let name = "\(worker)"
      let isWanted = isEnding || worker - workers.lowerBound < count
      switch life.child(name)?.phase {
      case nil where isWanted:
        request(
          .add(
            ChildRule(
              name, restart: .transient, backoff: Self.backoff,
              mostFailures: Self.mostFailures)))
      case .stopped where isWanted:
        owing.remove(worker)
        request(.start(name))
      case .waiting where !isWanted, .backoff where !isWanted:
        if isFed { owing.insert(worker) }
        request(.stop(name))
      case .starting where !isWanted, .up where !isWanted: request(.stop(name))
      default: break
      }
    }
    return actions.compactMap { order($0, now) }
  }

  private mutating func order(_ action: SupervisorLife.Action, _ now: Duration) -> Order? {
    switch action {
    case .start(let name, _): return Int(name).map(Order.start)
    case .stop(let name, _): return Int(name).map(Order.stop)
    case .arm(let name, let time): return Int(name).map { .wait($0, time - now) }
    case .report(.gaveUp(let chain)):
      gaveUp = chain
      return nil
    case .disarm, .armDeadline, .report, .over: return nil
    }
  }
}
