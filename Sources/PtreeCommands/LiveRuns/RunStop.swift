internal import ArgumentParser
internal import Foundation
internal import Glibc
internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeProcessControl
internal import ProcessTreeTopologyFormat

/// The stop of one run, from the request to the end, within one deadline.
final class RunStop {
  private let run: LiveRun
  private let end: RunEnd
  private let deadline: ContinuousClock.Instant
  private let live: LiveOptions
  /// To the root; nil if it does not answer.
  private var line: RunLine?
  private var wasTerminated = false

  init(_ run: LiveRun, until deadline: ContinuousClock.Instant, _ live: LiveOptions) throws {
    self.run = run
    self.deadline = deadline
    self.live = live
    end = try RunEnd(run)
    line = nil
  }

  /// Requests the stop; a root that does not answer gets SIGTERM.
  func request(within time: Duration?, reason: String) throws {
    do {
      var line = try RunLine(run)
      _ = try line.request(
        .stopRun(within: time?.wholeMilliseconds, reason: reason),
        within: RunLine.patience)
      self.line = consume line
    } catch let refusal as RunRefusal
      where refusal.code == LiveExitCode.noAnswer || end.hasEnded
    {
      guard !end.isSuspended else { throw refusal }
      if refusal.failure == .absent || refusal.failure == .closed {
        // A root closes its desk shortly before it ends, and a signal would disturb that.
        end.wait(until: min(deadline, .now + RunLine.patience))
      }
      guard !end.hasEnded else { return }
      Standard.complain("\(refusal) It gets SIGTERM.")
      end.terminate()
      wasTerminated = true
    }
  }

  /// Waits until nothing of the run is left, and reports how it ended.
  func finish() throws {
    guard !wasTerminated else { return try end.killLate(until: deadline, live) }
    let result = line?.end(until: deadline)
    line = nil
    try end.wait(until: deadline, live, killed: result?.account)
  }
}

/// The end of a run, as its root's process has it.
struct RunEnd {
  private let run: LiveRun
  /// The run in messages: its name goes with it.
  private let label: String
  private let root: ProcessHandle
  private let longestStop: Duration
  private let start = ContinuousClock.now

  init(_ run: LiveRun) throws {
    root = try Self.root(of: run)
    self.run = run
    label = run.label
    longestStop = Self.longestStop(in: run.note(.plan))
  }

  /// The process of a run's root; throws if it is dead.
  static func root(of run: LiveRun) throws -> ProcessHandle {
    guard let process = run.root, let handle = try? ProcessHandle(pid: process.pid),
      HostProcess.startTime(of: process.pid) == process.startTime
    else {
      throw RunRefusal.dead(run)
    }
    return handle
  }

  /// Whether a run's root has ended, reaped or not.
  static func isOver(_ run: LiveRun) -> Bool {
    if let root = try? root(of: run) { return root.hasEnded }
    return run.root.map { HostProcess.startTime(of: $0.pid) != $0.startTime } ?? true
  }

  /// How long the stop of the whole run takes at most, by its own policy.
  static func longestStop(in plan: String?) -> Duration {
    guard let text = plan,
      let plan = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
      let seconds = plan["longestStop"] as? Double
    else { return StopPolicy.default.total }
    // The number is that of a file, and a duration of too large a one traps.
    return .seconds(min(max(0, seconds), longestPlan))
  }

  /// A year, in seconds.
  private static let longestPlan: Double = 365 * 24 * 3_600

  var hasEnded: Bool { root.hasEnded }
  var isSuspended: Bool { LiveRun.Process(root.pid)?.isStopped == true }

  /// Waits until nothing of the run is left but its root's status.
  ///
  /// - Parameter killed: The names of killed processes, if there are any.
  func wait(
    until deadline: ContinuousClock.Instant, _ live: LiveOptions, killed: String? = nil
  ) throws {
    wait(until: deadline)
    guard root.hasEnded else {
      throw RunRefusal(
        code: ExitStatusCode.timedOut, kind: "deadlinePassed",
        description:
          "\(label) has not ended; \(RunningTool.current.name) ps \(run.name) shows who is left.")
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

  func terminate() { try? root.send(SIGTERM) }

  /// Waits for the end of a root that has got SIGTERM; a second one, whose handler needs no loop,
  /// kills the run when the time of its stop is over.
  func killLate(until deadline: ContinuousClock.Instant, _ live: LiveOptions) throws {
    let patience = ContinuousClock.now + longestStop
    wait(until: min(patience, deadline))
    guard !root.hasEnded, patience < deadline else { return try wait(until: deadline, live) }
    Standard.complain("\(label) has not ended; a second SIGTERM kills it.")
    terminate()
    try wait(until: deadline, live, killed: "the whole run was killed")
  }

  /// Waits for the end of the root, but no longer than until a time.
  func wait(until deadline: ContinuousClock.Instant) {
    let left = max(.zero, ContinuousClock.now.duration(to: deadline))
    root.waitForEnd(milliseconds: Int32(clamping: left.wholeMilliseconds))
  }
}
