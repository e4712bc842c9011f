internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// What a node holds of a command that it has started: its process, its streams, how it ends.
///
/// Belongs to the loop. The node's table holds it until the command has ended, its `CommandRun` as
/// long as somebody uses it.
final class CommandController {
  /// How it ended.
  enum Conclusion: Sendable {
    case reaped(Reaped)
    /// Somebody else has taken the status.
    case unknown
  }

  let command: Command
  /// Marks the command and all that it starts.
  let tag: RunTag
  let pid: Int32
  /// Nil when the stream is connected to something else, as are the other two.
  let input: CommandInputWriter?
  let output: CommandOutputReader?
  let errors: CommandErrorStream?
  /// Nil until the command has ended and nothing of it is left.
  private(set) var conclusion: Conclusion?
  /// The leader has been reaped: its pid may be another's.
  private(set) var isReaped = false
  /// It was ended because its time was over.
  private(set) var isOverdue = false
  /// Whether SIGKILL was sent to end it.
  var wasKilled: Bool { ladder?.step == .kill }
  /// How long it ran, from its start to its reaping; nil before that.
  private(set) var duration: Duration?

  private unowned let runtime: NodeRuntime
  private let process: CommandProcess
  /// The command that stops this one, in place of a signal.
  var stoppedBy: Command?
  /// That command, once it has been started.
  private var stopper: CommandController?
  /// Whether it stops another command.
  private(set) var isStopper = false
  /// Nil until somebody wants it to end.
  private var ladder: StopLadder?
  private lazy var deadline = LifeDeadline<StopLadder.Step>(on: runtime.loop.timers) {
    [unowned self] in climb(from: $0.next)
  }
  private var timeLimit: TimerQueue.ID?
  private let startTime = SuspendingClock.now
  private let concluded = Condition()

  init(
    _ command: Command, tag: RunTag, process: CommandProcess, streams: borrowing CommandStreams,
    in runtime: NodeRuntime
  ) throws {
    self.command = command
    self.tag = tag
    self.process = process
    self.runtime = runtime
    pid = process.leader.pid
    input = streams.input
    output = streams.output
    errors = streams.errors
    try runtime.loop.whenEnded(process.leader) { [unowned self] in reap() }
  }

  // MARK: The end

  /// Ends the command: its own signal now, SIGKILL after `grace`, both to its whole group.
  ///
  /// Of several wishes the one that ends earliest counts.
  func stop(within grace: Duration) {
    let policy = StopPolicy(ask: .zero, terminate: grace)
    if ladder == nil { ladder = StopLadder(policy) }
    climb(from: .terminate, within: policy)
  }

  private func climb(from step: StopLadder.Step, within policy: StopPolicy? = nil) {
    guard !isReaped else { return }
    for action in ladder?.stop(from: step, within: policy) ?? [] { perform(action) }
  }

  /// Ends the command in the time that the node's policy gives.
  func stop() { stop(within: runtime.commandGrace) }

  /// Ends the command if it has not ended by itself when the time is over, with SIGKILL after
  /// `grace`, or in the time that the node's policy gives.
  func stop(after time: Duration, within grace: Duration? = nil) {
    guard !isReaped else { return }
    timeLimit = runtime.loop.timers.schedule(after: time) { [unowned self] in
      timeLimit = nil
      isOverdue = true
      stop(within: grace ?? runtime.commandGrace)
    }
  }

  /// Nobody uses the command any more: without it, nobody reads its output.
  func abandon() {
    input?.close()
    output?.close()
    stop()
  }

  private func perform(_ action: StopLadder.Action) {
    switch action {
    case .drain, .ask: break
    case .terminate:
      if !startStopper() { process.signalGroup(command.stopSignal ?? SIGTERM) }
      process.signalGroup(SIGCONT)
    case .kill:
      process.signalGroup(SIGKILL)
      stopper?.stop(within: .zero)
    case .arm(let step, let time): deadline.arm(step, after: time, keepsEarlier: true)
    case .disarm: deadline.disarm()
    }
  }

  /// Starts the command that stops this one; false if there is none, or it cannot start.
  private func startStopper() -> Bool {
    guard let stoppedBy else { return false }
    stopper = try? runtime.start(stoppedBy, pipes: .areTheNodes, isOfTheEnd: true)
    stopper?.isStopper = true
    return stopper != nil
  }

  /// The leader has ended: ends the rest of its group, reaps it, and clears what it left elsewhere;
  /// false when it cannot be reaped at present.
  private func reap() -> Bool {
    // Before the leader is reaped, with which the group's number may become another's.
    process.signalGroup(SIGKILL)
    let end: Conclusion
    do throws(ProcessControlError) {
      guard let reaped = try process.leader.reap() else { return false }
      end = .reaped(reaped)
    } catch {
      end = .unknown
    }
    isReaped = true
    duration = startTime.duration(to: .now)
    if let timeLimit { runtime.loop.timers.cancel(timeLimit) }
    process.leader.close()
    deadline.disarm()
    // It may see the end and clear up.
    stopper?.stop(after: .seconds(1), within: .zero)
    runtime.whenClear { [self] in conclude(end) }
    return true
  }

  private func conclude(_ end: Conclusion) {
    errors?.drainAndClose()
    input?.close()
    output?.noteEnd()
    conclusion = end
    concluded.wakeAll()
    runtime.commands.remove(self)
  }

  // MARK: Waiting

  /// Waits until the command has ended and nothing of it is left.
  func waitForEnd() async -> Conclusion {
    let wait = NotedWait(.command, within: nil) { [name = "\(command.executable) (pid \(pid))"] in
      [name]
    }
    runtime.noted.add(wait, at: runtime.loop.timers.coarseNanoseconds)
    defer { runtime.noted.remove(wait) }
    while true {
      if let conclusion { return conclusion }
      await concluded.waitShielded()
    }
  }

  /// The error for an end other than with exit code 0.
  func failure(_ status: ExitStatus) -> CommandFailure {
    CommandFailure(
      command: shortDescription, pid: pid, status: status, lastErrorLines: errors?.lastLines ?? [])
  }

  /// The command as a shell would take it, as long as a report may have it.
  var shortDescription: String { command.description.limited(to: Self.longestDescription) }

  private static let longestDescription = 4_096
}
