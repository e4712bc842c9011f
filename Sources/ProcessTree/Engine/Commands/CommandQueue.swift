internal import DequeModule

/// The bookkeeping of many commands of which a few run at a time, as a value: events in,
/// actions out.
struct CommandQueue {
  /// One run of a command.
  struct Attempt: Equatable {
    let index: Int
    let command: Command
    let number: Int
  }

  /// The next step of the task that receives outcomes.
  enum Step {
    case outcome(CommandOutcome)
    case wait
    case end
    /// A command failed, or something went wrong with all; nothing runs any more.
    case failure(any Error)
  }

  /// How many commands may be under way for each that may run: those that wait, those that run, and
  /// those whose outcome nobody has taken.
  private static let depth = 4

  private let limit: Int
  private let attempts: Int
  private let inOrder: Bool
  private let stopsAtFailure: Bool

  private var waiting: Deque<Attempt> = []
  private var running = 0
  private var ready: Deque<CommandOutcome> = []
  /// Outcomes that came before their turn, where the order counts.
  private var early: [Int: CommandOutcome] = [:]
  private var taken = 0
  private var given = 0
  private var isAtEnd = false
  private var failure: (any Error)?
  private(set) var isStopped = false

  init(limit: Int, attempts: Int, inOrder: Bool, stopsAtFailure: Bool) {
    self.limit = limit
    self.attempts = attempts
    self.inOrder = inOrder
    self.stopsAtFailure = stopsAtFailure
  }

  /// How many more commands are wanted now.
  var demand: Int {
    guard !isAtEnd, !isStopped else { return 0 }
    let (bound, isMoreThanAny) = limit.multipliedReportingOverflow(by: Self.depth)
    return max(0, (isMoreThanAny ? .max : bound) - (taken - given))
  }

  /// Takes the next command; nil when there are no more.
  mutating func take(_ command: Command?) {
    guard let command else {
      isAtEnd = true
      return
    }
    waiting.append(Attempt(index: taken, command: command, number: 1))
    taken += 1
  }

  /// What to run now, if there is a free place and something to run in it.
  mutating func start() -> Attempt? {
    guard !isStopped, running < limit, let next = waiting.popFirst() else { return nil }
    running += 1
    return next
  }

  /// A run has ended, and nothing of it is left.
  mutating func ended(_ attempt: Attempt, _ result: Result<CompletedCommand, CommandError>) {
    running -= 1
    guard !isStopped else { return }
    let outcome = CommandOutcome(
      index: attempt.index, command: attempt.command, attempts: attempt.number, result: result)
    if !outcome.isSuccess, attempt.number < attempts {
      let again = Attempt(
        index: attempt.index, command: attempt.command, number: attempt.number + 1)
      return waiting.prepend(again)
    }
    if stopsAtFailure, !outcome.isSuccess {
      do { try outcome.checked() } catch { stop(error) }
      return
    }
    guard inOrder else { return ready.append(outcome) }
    early[outcome.index] = outcome
    while let next = early.removeValue(forKey: given + ready.count) { ready.append(next) }
  }

  /// A run was ended from outside, because of this error if the queue has not been stopped.
  mutating func broke(_ error: any Error) {
    running -= 1
    stop(error)
  }

  /// Begins nothing more; the first error counts.
  mutating func stop(_ error: any Error) {
    guard !isStopped else { return }
    isStopped = true
    failure = error
    waiting = []
    ready = []
    early = [:]
  }

  /// The present step of the task that receives outcomes.
  mutating func next() -> Step {
    if let outcome = ready.popFirst() {
      given += 1
      return .outcome(outcome)
    }
    if running > 0 { return .wait }
    if let failure { return .failure(failure) }
    return isAtEnd && waiting.isEmpty ? .end : .wait
  }
}
