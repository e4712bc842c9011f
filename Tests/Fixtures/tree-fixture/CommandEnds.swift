import Glibc
import ProcessTree
import ProcessTreeRandomTesting
import ProcessTreeScenarios
import ProcessTreeTesting

/// External commands: how they end, and that nothing of them is left.
let commandEndScenarios: [String: Scenario] = [
  "commandExitCodes": { root, test in
    _ = try await root.run(Command("true"))
    let before = await settledAudit()
    for code: Int32 in [0, 1, 2, 127, 128, 255] {
      let run = try await root.start(Command("sh", ["-c", "exit \(code)"]))
      test.equal(try await run.exitStatus, .exited(code))
      test.equal(try await run.exitStatus, .exited(code))
    }
    for signal in [SIGKILL, SIGTERM, SIGSEGV, SIGUSR1] {
      let run = try await root.start(
        Command("sh", ["-c", "kill -\(signal) $$; exec sleep 1000"], limits: [.coreSize(0)]))
      test.equal(try await run.exitStatus, .signaled(signal, coreDumped: false))
    }
    let script = "for n in $(seq 1 50); do echo line $n >&2; done; printf 'no end' >&2; exit 3"
    let failure = await test.thrown(CommandFailure.self) {
      _ = try await root.run(Command("sh", ["-c", script]))
    }
    test.equal(failure?.status, .exited(3))
    test.equal(failure?.lastErrorLines, (32...50).map { "line \($0)" } + ["no end"])
    test.expect(failure?.description.contains("exited 3 — no end") == true)
    await test.noLeaks(since: before)
  },
  "commandCancelled": { root, test in
    _ = try await root.run(Command("true"))
    let before = await settledAudit()
    // Whatever a task waits for at the command.
    let waits: [@Sendable (CommandRun) async throws -> Void] = [
      { run in for try await _ in run.lines {} },
      { run in for try await _ in run.chunks {} },
      { run in _ = try await run.exitStatus },
      { run in try await run.waitForSuccess() },
      { run in while true { try await run.send([UInt8](repeating: 1, count: 1 << 20)) } },
    ]
    for command in [Command("yes"), Command("sleep", ["1000"]), Command("sh", ["-c", "cat"])] {
      for (number, wait) in waits.enumerated() {
        let run = try await root.start(command)
        let wasCancelled = await withTaskGroup(of: Bool.self) { group in
          group.addTask {
            do { try await wait(run) } catch { return error is CancellationError }
            return false
          }
          for _ in 0..<20 { await Task.yield() }
          group.cancelAll()
          return await group.next()
        }
        test.equal(wasCancelled, true)
        // `cat` copies what it is sent until its pipe is full: also then SIGTERM ends it.
        test.equal(try await run.exitStatus, .signaled(SIGTERM, coreDumped: false))
        test.expect(isGone(run.pid), "\(command), wait \(number)")
      }
    }
    await test.noLeaks(since: before)
  },
  "commandEndsWithItsScope": { root, test in
    _ = try await root.run(Command("true"))
    let before = await settledAudit()
    var pid: Int32 = 0
    let value = try await root.withCommand(Command("sleep", ["1000"])) { run in
      pid = run.pid
      return 5
    }
    test.equal(value, 5)
    test.expect(isGone(pid))
    struct Wrong: Error {}
    _ = await test.thrown(Wrong.self) {
      try await root.withCommand(Command("yes")) { run in
        pid = run.pid
        throw Wrong()
      }
    }
    test.expect(isGone(pid))
    // One that nobody holds any more, although it is in the middle of something.
    func abandon() async throws -> Int32 {
      let run = try await root.start(Command("sh", ["-c", "yes | cat"]))
      for try await _ in run.lines { break }
      return run.pid
    }
    pid = try await abandon()
    try await settle(root, to: before)
    test.expect(isGone(pid))
    test.expect(await remaining(of: root, besides: helperPIDs()).isEmpty)
    await test.noLeaks(since: before)
  },
  "commandIgnoresTerm": { root, test in
    root.configure { $0.stopPolicy = quick }
    let script = "trap '' TERM; echo up; while :; do sleep 1000; done"
    let run = try await root.start(Command("sh", ["-c", script]))
    for try await line in run.lines {
      test.equal(line, "up")
      break
    }
    let start = ContinuousClock.now
    run.terminate()
    test.equal(try await run.exitStatus, .signaled(SIGKILL, coreDumped: false))
    test.expect(start.duration(to: .now) >= quick.total)
    test.expect(await remaining(of: root, besides: helperPIDs()).isEmpty)
    // A stopped one has to be continued to see SIGTERM.
    let stopped = try await root.start(Command("cat"))
    kill(stopped.pid, SIGSTOP)
    stopped.terminate()
    test.equal(try await stopped.exitStatus, .signaled(SIGTERM, coreDumped: false))
    let killed = try await root.start(Command("sh", ["-c", script]))
    killed.kill()
    test.equal(try await killed.exitStatus, .signaled(SIGKILL, coreDumped: false))
  },
  "commandLeavesProcesses": { root, test in
    _ = try await root.run(Command("true"))
    let before = await settledAudit()
    // In its group, in a session of its own, and as an orphan: each holds the command's pipes.
    for background in ["sleep 1000 &", "setsid sleep 1000 &", "(setsid sh -c 'sleep 1000 &' &);"] {
      let command = Command("sh", ["-c", "\(background) echo done; exit 4"])
      let run = try await root.start(command)
      var lines: [String] = []
      for try await line in run.lines { lines.append(line) }
      test.equal(lines, ["done"])
      test.equal(try await run.exitStatus, .exited(4))
      // When the end is known, nothing is there any more, zombies included.
      test.expect(processes(ofRun: root).filter { $0 != root.pid } == helperPIDs())
      let failure = await test.thrown(CommandFailure.self) { _ = try await root.run(command) }
      test.equal(failure?.status, .exited(4))
    }
    await test.noLeaks(since: before)
  },
  "commandOutputEndsWithTheCommand": { root, test in
    // Something that has shaken off its mark holds the pipes, and nobody waits for it.
    let script = "setsid bash -c 'ulimit -Sx unlimited; echo $$; exec sleep 1000' & sleep 0.3"
    let run = try await root.start(Command("bash", ["-c", script]))
    var lines: [String] = []
    for try await line in run.lines { lines.append(line) }
    let pid = lines.first.flatMap { Int32($0) } ?? -1
    test.expect(!isGone(pid), "\(lines)")
    test.equal(try await run.exitStatus, .exited(0))
    let failure = await test.thrown(CommandError.self) { try await run.send([1]) }
    test.equal(failure?.code, .inputClosed)
    kill(pid, SIGKILL)
  },
  "commandIsNotLeftBehind": { root, test in
    // The ends of other nodes and commands make this node look for what they left.
    let script = "setsid sh -c 'sleep 987654 &'; echo up; exec cat"
    try await root.withCommand(Command("sh", ["-c", script])) { run in
      var lines = run.lines.makeAsyncIterator()
      test.equal(try await lines.next(), "up")
      let events = try await root.events
      for _ in 0..<5 {
        let child = try await root.spawn(RunsCommands(count: 2))
        kill(child.pid ?? -1, SIGKILL)
        _ = try await child.join()
        _ = try await root.run(Command("sh", ["-c", "sleep 1000 &"]))
      }
      _ = try await root.spawn(Nothing()).result
      try await run.send(line: "alive")
      test.equal(try await lines.next(), "alive")
      // The shell, which has become cat, and the daemon that it made.
      let mine = processes(ofRun: root).filter { $0 != root.pid && !helperPIDs().contains($0) }
      test.equal(mine.count, 2)
      var found: [String] = []
      for await event in events {
        if case .leftBehind(let pid, let command) = event.kind, mine.contains(pid) {
          found.append(command)
        }
        if case .exited(let report) = event.kind, report.cause == .completed { break }
      }
      test.equal(found, [])
    }
    test.expect(await remaining(of: root, besides: helperPIDs()).isEmpty)
  },
  "commandsOfAKilledNode": { root, test in
    try await killNodesWithCommands(root, test)
  },
  "commandsOfAStoppedNode": { root, test in
    let file = "/tmp/ptree-command-\(getpid())"
    defer { unlink(file) }
    for isDeaf in [false, true] {
      let child = try await root.spawn(
        RunsCommands(count: 2, file: file, isDeaf: isDeaf), stopPolicy: gentle)
      for try await _ in try await child.messages(of: Int.self) { break }
      _ = try await child.stop()
      // Each had SIGTERM and the time to do something about it.
      test.equal(readFile(file).split(separator: "\n").count, 2)
      test.expect(await remaining(of: root, besides: helperPIDs()).isEmpty)
      unlink(file)
    }
  },
  "commandsEndWithTheProgram": { root, test in
    let file = "/tmp/ptree-command-\(getpid())"
    defer { unlink(file) }
    let child = try await root.spawn(HoldsCommand(file: file))
    let pid = try await child.result
    test.expect(isGone(pid))
    test.equal(child.exitCode, 0)
    // The node has waited for it.
    test.equal(readFile(file), "done\n")
  },
  "commandStatusIsTaken": { root, test in
    // A program that ignores SIGCHLD has the kernel reap its children.
    signal(SIGCHLD, SIG_IGN)
    let error = await test.thrown(CommandError.self) { _ = try await root.run(Command("true")) }
    test.equal(error?.code, .statusTaken)
    signal(SIGCHLD, SIG_DFL)
    _ = try await root.run(Command("true"))
  },
  "commandChurn": { root, test in
    _ = try await root.run(Command("true"))
    let before = await settledAudit()
    var random = SeededGenerator.announced("commandChurn")
    let scripts = [
      "cat", "yes", "sleep 1000", "exit 3", "sleep 1000 & cat", "yes >&2 & exec sleep 1000",
      "setsid sleep 1000 & exit 0", "exec >&- 2>&-; exec cat",
    ]
    root.configure {
      $0.stopPolicy = quick
      $0.output = .discard
    }
    for _ in 0..<iterations(150) {
      let script = scripts[random.int(0...scripts.count - 1)] + " 2>/dev/null"
      let run = try await root.start(Command("sh", ["-c", script]))
      for _ in 0..<random.int(0...4) {
        switch random.int(0...4) {
        case 0: try? await run.send(random.bytes(random.int(0...3_000)))
        case 1: run.finishSending()
        case 2: usleep(UInt32(random.int(0...2_000)))
        case 3: run.terminate()
        default: for _ in 0..<random.int(0...20) { await Task.yield() }
        }
      }
      if random.bool() { run.kill() }
      if random.bool() {
        run.terminate()
        _ = try await run.exitStatus
      }
    }
    try await settle(root, to: before)
    test.expect(await remaining(of: root, besides: helperPIDs()).isEmpty, "seed \(random.seed)")
    await test.noLeaks(since: before, "seed \(random.seed)")
  },
]

private let gentle = StopPolicy(ask: .seconds(20), terminate: .seconds(10))

/// Lets the loop reap what nobody waits for.
private func settle(_ root: Node, to audit: ResourceAudit) async throws {
  for _ in 0..<500 where ResourceAudit.now() != audit { _ = try await root.run(Command("true")) }
}

/// Kills nodes that have commands, and expects that nothing of those is left.
func killNodesWithCommands(
  _ root: Node, _ test: Expectations, credentials: Command.Credentials? = nil
) async throws {
  _ = try await root.spawn(FirstWord()).result
  let before = await settledAudit(in: runDirectory(of: root.pid))
  for _ in 0..<10 {
    let child = try await root.spawn(RunsCommands(count: 3, credentials: credentials))
    for try await _ in try await child.messages(of: Int.self) { break }
    // The node, its fork server, and of each command a shell, a child and a daemon.
    let mine = helperPIDs()
    let victims = processes(ofRun: root).filter { $0 != root.pid && !mine.contains($0) }
    test.expect(victims.count >= 11, "\(victims.count)")
    kill(child.pid ?? -1, SIGKILL)
    _ = try await child.join()
    let survivors = await remaining(of: root, besides: mine)
    test.expect(survivors.isEmpty, "\(survivors)")
  }
  await test.noLeaks(since: before, in: runDirectory(of: root.pid))
}

/// Has commands with a child and a daemon each, and reports when they are up.
struct RunsCommands: NodeProgram {
  var count: Int
  /// Where a command writes a line when it gets SIGTERM.
  var file = "/dev/null"
  /// Whether it goes on although it was cancelled.
  var isDeaf = false
  /// The user of the commands; nil for that of the node.
  var credentials: Command.Credentials?

  func run(in node: Node) async throws {
    let script = """
      trap 'echo terminated >>\(file); exit 0' TERM
      setsid sh -c 'sleep 987654 &'
      sleep 987654 &
      echo up
      wait
      """
    var runs: [CommandRun] = []
    for _ in 0..<count {
      let run = try await node.start(Command("sh", ["-c", script], credentials: credentials))
      for try await _ in run.lines { break }
      runs.append(run)
    }
    try await node.parent?.send(count)
    try? await Task.sleep(for: .seconds(3_600))
    // Its commands are ended with the node, whatever the program does.
    while isDeaf, readFile(file).split(separator: "\n").count < count {
      await Task.detached { try? await Task.sleep(for: .milliseconds(5)) }.value
    }
    withExtendedLifetime(runs) {}
  }
}

/// Ends while a command that it has started is in somebody else's hands.
struct HoldsCommand: NodeProgram {
  /// The file in which the command notes that it had the time to end as it wanted.
  var file: String

  func run(in node: Node) async throws -> Int32 {
    let script = "trap 'sleep 0.2; echo done >\(file); exit' TERM; echo up; sleep 1000 & wait"
    let run = try await node.start(Command("sh", ["-c", script]))
    for try await _ in run.lines { break }
    Task.detached {
      try? await Task.sleep(for: .seconds(3_600))
      withExtendedLifetime(run) {}
    }
    return run.pid
  }
}
