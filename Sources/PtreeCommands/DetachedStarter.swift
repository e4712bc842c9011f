internal import Glibc
internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeProcessControl
internal import ProcessTreeTopologyFormat

/// The process that has started a detached run and waits until it is up.
struct DetachedStarter {
  private let pid: Int32
  private let pipe: Int32
  private let topology: TopologyPlan
  private let isJSON: Bool
  /// The bytes received through the pipe that do not form a whole word yet.
  private var heard: [UInt8] = []

  init(pid: Int32, pipe: Int32, _ topology: TopologyPlan, isJSON: Bool) {
    (self.pid, self.pipe, self.topology, self.isJSON) = (pid, pipe, topology, isJSON)
  }

  private var name: String { topology.name }

  /// How long a run goes on before it counts as up if nobody checks some of its nodes: a command
  /// that cannot do its work ends at once.
  private static let probation: Duration = .seconds(1)

  /// A signal that has asked the starter to end.
  private nonisolated(unsafe) static var signal: Int32 = 0

  /// Waits until the run is up; returns the exit code.
  ///
  /// A run that is not up in time, or whose starter is asked to end, is stopped: nothing is left of
  /// it.
  mutating func wait(within time: Duration) -> Int32 {
    for number in [SIGINT, SIGTERM, SIGHUP] {
      // Without SA_RESTART: the wait has to end.
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { DetachedStarter.signal = $0 }
      sigaction(number, &action, nil)
    }
    var word = hear(until: .now + time)
    if case .word(.up(let run)) = word {
      let isChecked = !topology.group.hasUncheckedNodes
      word = isChecked ? .nothing : hear(until: .now + Self.probation)
      if case .nothing = word, Self.signal == 0 {
        let code = tell(run, "up")
        // Nobody would know of it.
        if code != ExitStatusCode.success { stop() }
        return code
      }
    }
    switch word {
    case .word(.ended(let code, let account)):
      _ = reap()
      // A run that has done all of its work needs no number any more.
      guard code != 0 else {
        if !account.isEmpty { Standard.complain(account) }
        return tell(nil, "ended")
      }
      Standard.complain("\(name) failed: \(account)")
      return code
    case .closed:
      let status = reap()
      Standard.complain("\(name) has ended before it was up, with \(Self.text(status))")
      return max(1, status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F)
    case .word(.up), .nothing: return giveUp(after: time)
    }
  }

  private enum Heard {
    case word(DetachedRun.Word)
    /// The run has ended without a word.
    case closed
    /// The time is over, or a signal has come.
    case nothing
  }

  private mutating func hear(until deadline: ContinuousClock.Instant) -> Heard {
    var state = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
    while Self.signal == 0 {
      if let end = heard.firstIndex(of: 0) {
        let text = String(decoding: heard[..<end], as: UTF8.self)
        heard.removeSubrange(...end)
        return DetachedRun.Word(text).map { .word($0) } ?? .closed
      }
      let left = ContinuousClock.now.duration(to: deadline)
      guard left > .zero else { return .nothing }
      // A signal just before the wait is noticed after a moment.
      guard poll(&state, 1, Int32(min(left, .milliseconds(200)).wholeMilliseconds)) > 0 else {
        continue
      }
      var chunk = [UInt8](repeating: 0, count: 8_192)
      let count = read(pipe, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return .closed }
      heard += chunk[..<count]
    }
    return .nothing
  }

  /// Prints the run's number, which one that has ended has no more, and its state.
  private func tell(_ run: String?, _ state: String) -> Int32 {
    do {
      try Standard.output.write(
        isJSON
          ? JSONValue.object([
            ("run", run.map { .text($0) } ?? .null), ("name", .text(name)),
            ("rootPid", .integer(Int(pid))), ("state", .text(state)),
          ]).line : "\(run ?? "-") \(name)\n")
      return ExitStatusCode.success
    } catch {
      return ToolRoot.report(error)
    }
  }

  private func giveUp(after time: Duration) -> Int32 {
    if Self.signal == 0 {
      Standard.complain(
        "\(name) is not up after \(time / .seconds(1)) s and is stopped"
          + (late.map { ": \($0)" } ?? ""))
    }
    stop()
    guard Self.signal == 0 else {
      Glibc.signal(Self.signal, SIG_DFL)
      raise(Self.signal)
      return 128 + Self.signal
    }
    return ExitStatusCode.timedOut
  }

  /// Ends the run; nothing of it is left afterwards.
  private func stop() {
    // One that is suspended takes it once it goes on.
    for number in [SIGTERM, SIGCONT] { kill(pid, number) }
    if !hasEnded(within: topology.stopPolicy.total + .seconds(1)) {
      // Its second SIGTERM kills the whole run.
      kill(pid, SIGTERM)
      // Somebody suspends it again and again.
      if !hasEnded(within: .seconds(10)) { for number in [SIGKILL, SIGCONT] { kill(pid, number) } }
      _ = reap()
    }
  }

  /// What the nodes that are not up wait for.
  private var late: String? {
    guard let run = LiveRun.all()?.first(where: { $0.root?.pid == pid }),
      var line = try? RunLine(run), let nodes = try? line.request(.tree).nodes
    else { return nil }
    let late = nodes.filter { $0.address != .root && !$0.phase.isSettled }
    let words = late.prefix(8).map { node in
      "\("\(node.address)".dropFirst()) is \(node.phase.rawValue)"
        + (node.waits.first.map { " and \($0)" } ?? "")
    }
    return words.isEmpty ? nil : TextColumns.harmless(words.joined(separator: "; "), longest: 1_000)
  }

  // MARK: The end of the run's process

  private func hasEnded(within time: Duration) -> Bool {
    guard let handle = try? ProcessHandle(pid: pid) else { return true }
    handle.waitForEnd(milliseconds: Int32(clamping: time.wholeMilliseconds))
    return handle.hasEnded
  }

  /// Waits for the end, and returns the status.
  private func reap() -> Int32 {
    // A further signal ends this process, which only waits now.
    for number in [SIGINT, SIGTERM, SIGHUP] { Glibc.signal(number, SIG_DFL) }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status
  }

  private static func text(_ status: Int32) -> String {
    status & 0x7F == 0 ? "exit code \(status >> 8 & 0xFF)" : "signal \(status & 0x7F)"
  }
}
