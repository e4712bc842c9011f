internal import ArgumentParser
internal import Foundation
internal import Glibc
internal import ProcessTree
internal import ProcessTreeProcessControl
internal import ProcessTreeTopologyFormat

/// `ptree stop`.
struct StopCommand: LiveCommand {
  static let configuration = CommandConfiguration(
    commandName: "stop",
    abstract: "Stops a live run or nodes of it, and waits until their processes have been reaped.")

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The time for the stop of the whole run.", valueName: "seconds"))
  var within: Seconds?

  @Option(help: "Why, for the nodes and their reports.")
  var reason = "stop"

  @Flag(help: "Only show in which order the run would be stopped, and how long that takes at most.")
  var plan = false

  @Flag(help: "Return as soon as the stop has been requested.")
  var noWait = false

  @OptionGroup var waiting: WaitOptions
  @OptionGroup var live: LiveOptions

  func perform() throws {
    let (run, rest) = try RunChoice().choose(live.words)
    guard !plan else { return try showPlan(of: run) }
    guard rest.isEmpty else {
      return try change(
        [run.name] + rest,
        NodeChange(
          .stop, within: waiting.timeout.duration, reason: reason,
          wanted: [.stopped, .alreadyEnded]))
    }
    let end = try RunEnd(run)
    let limit = max(waiting.timeout.duration, (within?.duration ?? .zero) + .seconds(5))
    let deadline = ContinuousClock.now + limit
    guard let result = try request(run, end, until: noWait ? nil : deadline) else {
      return noWait ? () : try end.terminate(within: limit, live)
    }
    guard !noWait else { return }
    let left = max(.zero, ContinuousClock.now.duration(to: deadline))
    try end.wait(within: left, live, killed: result.account)
  }

  private func showPlan(of run: LiveRun) throws {
    let note = live.json ? RunNotes.Note.planJSON : .plan
    guard let plan = run.directory.flatMap({ RunNotes.read(note, in: $0) }) else {
      throw RunRefusal(
        code: LiveExitCode.impossible, kind: "noPlan",
        description: "\(run.label) is no run of a file, so its order of stop is its program's.")
    }
    try Standard.output.write(plan)
  }

  /// Requests the stop, and waits for the root's word about it if there is a time for that.
  ///
  /// - Returns: What it says of the end; nil if it does not answer.
  private func request(
    _ run: LiveRun, _ end: RunEnd, until deadline: ContinuousClock.Instant?
  ) throws -> OperationResult? {
    do {
      var line = try RunLine(run)
      _ = try line.request(
        .stopRun(within: within?.duration.milliseconds, reason: reason), within: RunLine.patience)
      return deadline.flatMap { line.end(until: $0) } ?? OperationResult(.stopped)
    } catch let refusal as RunRefusal where refusal.code == LiveExitCode.noAnswer {
      if end.hasEnded { return OperationResult(.alreadyEnded) }
      if end.isSuspended { throw refusal }
      Standard.error.tell("ptree: \(refusal) It gets SIGTERM.")
      return nil
    }
  }
}

extension Duration {
  fileprivate var milliseconds: Int { Int(self / .milliseconds(1)) }
}

/// `ptree kill`.
struct KillCommand: LiveCommand {
  static let configuration = CommandConfiguration(
    commandName: "kill",
    abstract: "Kills a live run without its root's help, or nodes of it, which then stay stopped.")

  @OptionGroup var live: LiveOptions

  func perform() throws {
    let choice = try RunChoice()
    // What a dead root has left is killed by the run's number.
    let matches = live.words.first.map(choice.runs(named:)) ?? []
    let (run, rest) =
      matches.count == 1
      ? (matches[0], Array(live.words.dropFirst())) : try choice.choose(live.words)
    guard rest.isEmpty else {
      return try change(
        [run.name] + rest,
        NodeChange(
          .kill, within: .seconds(30), reason: "kill", wanted: [.killed, .stopped, .alreadyEnded]))
    }
    let (start, label) = (ContinuousClock.now, run.label)
    let isComplete = run.killAll()
    let code = isComplete ? ExitStatusCode.success : ExitStatusCode.failure
    try show(
      .object([
        ("run", .text(run.name)), ("outcome", .text(isComplete ? "killed" : "failed")),
        ("seconds", .number(start.duration(to: .now) / .seconds(1))), ("code", .integer(Int(code))),
      ]), isComplete ? "\(label) killed" : "\(label): processes are left")
    if code != 0 { throw ExitCode(code) }
  }
}

/// The end of a run, as its root's process has it.
struct RunEnd {
  private let run: LiveRun
  /// The run in messages: its name goes with it.
  private let label: String
  private let root: ProcessHandle
  private let start = ContinuousClock.now

  init(_ run: LiveRun) throws {
    guard let process = run.root, let handle = try? ProcessHandle(pid: process.pid),
      HostProcess.startTime(of: process.pid) == process.startTime
    else {
      throw RunRefusal.dead(run)
    }
    self.run = run
    label = run.label
    root = handle
  }

  /// How long the stop of the whole run takes at most, by its own policy.
  private var longestStop: Duration {
    guard let text = run.directory.flatMap({ RunNotes.read(.planJSON, in: $0) }),
      let plan = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
      let seconds = plan["longestStop"] as? Double
    else { return StopPolicy.default.total }
    return .seconds(seconds)
  }

  var hasEnded: Bool { root.hasEnded }
  var isSuspended: Bool { LiveRun.Process(root.pid)?.isStopped == true }

  /// Waits until nothing of the run is left but its root's status.
  ///
  /// - Parameter killed: What had to be killed, if anything.
  func wait(within limit: Duration, _ live: LiveOptions, killed: String? = nil) throws {
    root.waitForEnd(milliseconds: Int32(clamping: Int(limit / .milliseconds(1))))
    guard root.hasEnded else {
      throw RunRefusal(
        code: ExitStatusCode.timedOut, kind: "deadlinePassed",
        description: "\(label) has not ended; ptree ps \(run.name) shows who is left.")
    }
    let code = killed != nil ? ExitStatusCode.failure : ExitStatusCode.success
    if live.json {
      let document = JSONValue.object([
        ("run", .text(run.name)), ("outcome", .text(killed == nil ? "stopped" : "killed")),
        ("account", killed.map { .text($0) } ?? .null),
        ("seconds", .number(start.duration(to: .now) / .seconds(1))), ("code", .integer(Int(code))),
      ])
      try Standard.output.write(document.line)
    } else if !live.quiet {
      let account = killed.map { ": " + TextColumns.harmless($0, longest: 1_000) } ?? ""
      try Standard.output.write("\(label) has ended\(account)\n")
    }
    if killed != nil { throw ExitCode(code) }
  }

  /// Ends a run whose loop does not turn: SIGTERM, and a second one, whose handler kills the run.
  func terminate(within limit: Duration, _ live: LiveOptions) throws {
    try? root.send(SIGTERM)
    let time = min(limit, longestStop)
    root.waitForEnd(milliseconds: Int32(clamping: Int(time / .milliseconds(1))))
    guard !root.hasEnded else { return try wait(within: .zero, live) }
    Standard.error.tell("ptree: \(label) has not ended; a second SIGTERM kills it.")
    try? root.send(SIGTERM)
    try wait(within: .seconds(10), live, killed: "the whole run was killed")
  }
}
