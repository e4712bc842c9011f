import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTesting

/// External commands as nodes, and what they write to standard error.
let commandNodeScenarios: [String: Scenario] = [
  "externalCommand": { root, test in
    let fine = try await root.spawn(ExternalCommand(Command("true")))
    try await fine.result
    test.equal(fine.exitCode, 0)
    let failing = try await root.spawn(
      ExternalCommand(Command("sh", ["-c", "echo one >&2; echo two >&2; exit 7"])))
    let failure = await test.thrown(ChildFailure.self) { try await failing.result }
    test.equal(failure?.cause, .exited(code: 7))
    test.equal(failing.exitCode, 7)
    test.equal(failure?.report.lastErrorLines, ["one", "two"])
    for signal in [SIGKILL, SIGTERM, SIGSEGV] {
      let command = Command("sh", ["-c", "kill -\(signal) $$"], limits: [.coreSize(0)])
      let child = try await root.spawn(ExternalCommand(command))
      _ = await test.thrown(ChildFailure.self) { try await child.result }
      test.equal(child.exitCode, -signal)
    }
    let missing = try await root.spawn(ExternalCommand(Command("no-such-command")))
    let error = await test.thrown(RemoteFailure.self) { try await missing.result }
    test.equal(error?.underlying(as: CommandError.self)?.code, .executableNotFound)
  },
  "externalCommandStops": { root, test in
    let ends = Command("sh", ["-c", "trap 'exit 0' TERM; sleep 1000 & wait"])
    let child = try await root.spawn(ExternalCommand(ends))
    _ = try await child.stop(reason: "enough")
    test.equal(
      child.exitReport?.cause,
      .stopped(
        StopRequest(requestedBy: "MainProcess", reason: "enough", origin: .node(address: "/"))))
    let deaf = Command("sh", ["-c", "trap '' TERM; while :; do sleep 1000; done"])
    let stubborn = try await root.spawn(ExternalCommand(deaf), stopPolicy: quick)
    _ = try await stubborn.stop()
    test.expect(stubborn.exitReport?.cause.isStop == true, "\(stubborn.exitReport as Any)")
    let killed = try await root.spawn(ExternalCommand(deaf))
    killed.kill()
    _ = try await killed.join()
    test.expect(await remaining(of: root, besides: helperPIDs()).isEmpty)
  },
  "commandFailureTravels": { root, test in
    let child = try await root.spawn(FailingCommand())
    let remote = await test.thrown(RemoteFailure.self) { try await child.result }
    let failure = remote?.underlying(as: CommandFailure.self)
    test.equal(failure?.status, .exited(9))
    test.equal(failure?.lastErrorLines, ["why"])
    // Its lines went through the node's own standard error.
    test.expect(child.exitReport?.lastErrorLines.contains("why") == true)
  },
  "commandErrorLines": { root, test in
    // The test looks at what arrives at this process's own streams.
    let script = "seq -f 'root %.0f' 1 50000 >&2; printf 'root end' >&2"
    _ = try await root.run(Command("sh", ["-c", script]))
    let below = "seq -f 'node %.0f' 1 50000 >&2; seq -f 'out %.0f' 1 50000; exit 1"
    let child = try await root.spawn(ExternalCommand(Command("sh", ["-c", below])))
    _ = await test.thrown(ChildFailure.self) { try await child.result }
    let talkative = try await root.spawn(TalkativeCommand())
    try await talkative.result
  },
  "holdCommands": { root, test in
    try await holdCommands(root)
  },
]

/// Holds commands, for tests that end this process from outside.
func holdCommands(_ root: Node, credentials: Command.Credentials? = nil) async throws {
  let run = try await startFamily(root, credentials: credentials)
  for _ in 0..<2 {
    let child = try await root.spawn(RunsCommands(count: 2, credentials: credentials))
    for try await _ in try await child.messages(of: Int.self) { break }
  }
  print("up")
  fflush(nil)
  _ = try await run.exitStatus
}

/// Starts a command with a child and a daemon, and returns once they are up.
private func startFamily(
  _ node: Node, credentials: Command.Credentials?
) async throws -> CommandRun {
  let script = "setsid sh -c 'sleep 987654 &'; sleep 987654 & echo up; wait"
  let run = try await node.start(Command("sh", ["-c", script], credentials: credentials))
  for try await _ in run.lines { break }
  return run
}

struct FailingCommand: NodeProgram {
  func run(in node: Node) async throws {
    _ = try await node.run(Command("sh", ["-c", "echo why >&2; exit 9"]))
  }
}

struct TalkativeCommand: NodeProgram {
  func run(in node: Node) async throws {
    _ = try await node.run(Command("sh", ["-c", "seq -f 'inner %.0f' 1 50000 >&2"]))
  }
}
