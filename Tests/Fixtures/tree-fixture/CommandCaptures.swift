import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTesting

/// External commands: those whose end is a value, one or many of them, and those with a deadline.
let commandCaptureScenarios: [String: Scenario] = [
  "commandIsCaptured": { root, test in
    _ = try await root.run(Command("true"))
    let before = await settledAudit()
    let failed = try await root.capture(shell("echo out; echo one >&2; echo two >&2; exit 3"))
    test.equal(failed.status, .exited(3))
    test.equal(failed.outputText, "out\n")
    test.equal(failed.errorText, "one\ntwo\n")
    test.expect(!failed.isSuccess && !failed.isOverdue && failed.duration > .zero)
    test.expect(failed.usage.maximumResidentSize > 0)
    test.expect(failed.description.hasSuffix("exited 3 — two"), failed.description)
    let failure = await test.thrown(CommandFailure.self) { try failed.checked() }
    test.equal(failure?.lastErrorLines, ["one", "two"])
    test.equal(failure?.status, .exited(3))

    let killed = try await root.capture(shell("kill -9 $$"))
    test.equal(killed.status, .signaled(9, coreDumped: false))
    let same = try await root.capture(Command("cat"), input: Array("x".utf8))
    test.equal(try same.checked().outputText, "x")
    let together = try await root.capture(
      Command("sh", ["-c", "echo a; echo b >&2"], standardError: .standardOutput))
    test.equal([together.outputText, together.errorText], ["a\nb\n", ""])
    let nowhere = try await root.capture(
      Command("sh", ["-c", "echo a; echo b >&2"], standardOutput: .null, standardError: .null))
    test.expect(nowhere.isSuccess && nowhere.outputText + nowhere.errorText == "")

    let long = try await root.capture(
      shell("seq 1 500000 >&2; seq 1 500000"), outputLimit: 10,
      errorLimit: 14)
    test.expect(long.isSuccess && long.isOutputCut && long.isErrorCut)
    test.equal(long.outputText, "1\n2\n3\n4\n5\n")
    test.equal(long.errorText, "499999\n500000\n")
    let cut = await test.thrown(CommandError.self) { try long.checked() }
    test.equal(cut?.code, .outputTooLarge)
    let exact = try await root.capture(shell("printf 12345"), outputLimit: 5)
    test.expect(exact.outputText == "12345" && !exact.isOutputCut)

    let missing = await test.thrown(CommandError.self) {
      _ = try await root.capture(Command("no-such-command"))
    }
    test.equal(missing?.code, .executableNotFound)
    await test.noLeaks(since: before)
  },
  "commandsHaveDeadlines": { root, test in
    root.configure { $0.stopPolicy = quick }
    _ = try await root.run(Command("true"))
    let before = await settledAudit()
    let late = await test.thrown(ProcessTreeError.self) {
      _ = try await root.run(Command("sleep", ["1000"]), timeout: .milliseconds(30))
    }
    test.equal(late?.code, .deadlinePassed)
    test.expect(late?.message.contains("sleep 1000") == true, "\(late as Any)")
    // An end that follows from it is none of the command's own.
    let polite = await test.thrown(ProcessTreeError.self) {
      _ = try await root.run(
        shell("trap 'exit 0' TERM; echo up; while :; do sleep 0.01; done"),
        timeout: .milliseconds(300))
    }
    test.equal(polite?.code, .deadlinePassed)
    let asleep = try await root.capture(shell("echo up; exec sleep 1000"), timeout: .seconds(1))
    test.expect(asleep.isOverdue && asleep.outputText == "up\n", "\(asleep)")
    test.equal(asleep.status, .signaled(SIGTERM, coreDumped: false))
    let overdue = await test.thrown(ProcessTreeError.self) { try asleep.checked() }
    test.equal(overdue?.code, .deadlinePassed)
    let deaf = try await root.capture(
      shell("trap '' TERM; setsid sleep 1000 & while :; do sleep 1000; done"),
      timeout: .milliseconds(300))
    test.equal(deaf.status, .signaled(SIGKILL, coreDumped: false))
    for time in [Duration.seconds(60), .seconds(Int64.max)] {
      test.equal(text(try await root.run(Command("echo", ["x"]), timeout: time)), "x\n")
    }
    for time in [Duration.zero, .seconds(-1), .seconds(Int64.min)] {
      let never = try await root.capture(Command("sleep", ["1000"]), timeout: time)
      test.expect(never.isOverdue)
    }
    test.expect(await remaining(of: root, besides: helperPIDs()).isEmpty)
    await test.noLeaks(since: before)
  },
  "manyCommands": { root, test in
    _ = try await root.run(Command("true"))
    let before = await settledAudit()
    // Commands are made as they are needed.
    let made = Counter()
    var given = 0
    let many = (0..<300).lazy.map { number in
      made.value += 1
      return Command("echo", ["\(number)"])
    }
    var seen: Set<Int> = []
    for try await outcome in root.captureAll(many, limit: 4) {
      given += 1
      test.expect(made.value - given <= 16, "\(made.value) made, \(given) taken")
      test.equal(try outcome.checked().outputText, "\(outcome.index)\n")
      seen.insert(outcome.index)
    }
    test.equal(seen, Set(0..<300))
    // In order, although the first of each four takes longest.
    let uneven = (0..<24).map { shell("sleep 0.0\($0 % 4 == 0 ? 8 : 1); echo \($0)") }
    var order: [String] = []
    for try await outcome in root.captureAll(uneven, limit: 6, inOrder: true) {
      order.append(try outcome.checked().outputText)
    }
    test.equal(order, (0..<24).map { "\($0)\n" })
    // Every end is an outcome.
    let mixed = [Command("true"), Command("false"), Command("no-such"), shell("kill -9 $$")]
    var ends: [Int: String] = [:]
    for try await outcome in root.captureAll(mixed) {
      switch outcome.result {
      case .success(let completed): ends[outcome.index] = "\(completed.status)"
      case .failure(let error): ends[outcome.index] = "\(error.code)"
      }
    }
    test.equal(
      ends, [0: "exited 0", 1: "exited 1", 2: "executableNotFound", 3: "killed by SIGKILL"])
    // Nothing at all.
    for try await _ in root.captureAll([Command]()) { test.expect(false) }
    await test.noLeaks(since: before)
  },
  "manyCommandsAreRunAgain": { root, test in
    let files = try Files()
    defer { files.remove() }
    let commands = (1...6).map { number in
      let file = files.path("\(number)")
      return shell("echo x >>\(file); test $(wc -l <\(file)) -ge \(number)")
    }
    var attempts: [Int: Int] = [:]
    for try await outcome in root.captureAll(commands, limit: 3, attempts: 4) {
      attempts[outcome.index] = outcome.isSuccess ? outcome.attempts : -outcome.attempts
    }
    test.equal(attempts, [0: 1, 1: 2, 2: 3, 3: 4, 4: -4, 5: -4])
  },
  "manyCommandsEndTogether": { root, test in
    root.configure { $0.stopPolicy = quick }
    _ = try await root.run(Command("true"))
    let before = await settledAudit()
    let endless = [Command](repeating: Command("sleep", ["1000"]), count: 3)
    let helpers = helperPIDs()
    // The first failure ends the others.
    let failure = await test.thrown(CommandFailure.self) {
      for try await _ in root.captureAll(
        endless + [Command("false")], limit: 4, stopsAtFailure: true)
      {}
    }
    test.equal(failure?.status, .exited(1))
    test.expect(await remaining(of: root, besides: helpers).isEmpty)
    let missing = await test.thrown(CommandError.self) {
      for try await _ in root.captureAll(
        endless + [Command("no-such")], limit: 4, stopsAtFailure: true)
      {}
    }
    test.equal(missing?.code, .executableNotFound)
    // A cancelled caller leaves nothing.
    // On the loop: threads of the pool would count as leaks.
    _ = await test.thrown(CancellationError.self) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for try await _ in root.captureAll([Command("true")] + endless, limit: 2) {}
        }
        _ = try await root.run(Command("sleep", ["0.05"]))
        group.cancelAll()
        try await group.waitForAll()
      }
    }
    test.expect(await remaining(of: root, besides: helpers).isEmpty)
    // Neither does a caller that leaves the loop.
    for try await outcome in root.captureAll([Command("true")] + endless, limit: 4) {
      test.equal(outcome.index, 0)
      break
    }
    for _ in 0..<200 where ResourceAudit.now() != before {
      _ = try await root.run(Command("true"))
    }
    await test.noLeaks(since: before)
    // Each may have a deadline.
    var overdue = 0
    for try await outcome in root.captureAll(endless, timeout: .milliseconds(30)) {
      overdue += (try outcome.result.get().isOverdue) ? 1 : 0
    }
    test.equal(overdue, 3)
    for (limit, attempts) in [(0, 1), (-1, 1), (1, 0)] {
      let error = await test.thrown(ProcessTreeError.self) {
        for try await _ in root.captureAll(endless, limit: limit, attempts: attempts) {}
      }
      test.equal(error?.code, .invalidLimit)
    }
    await test.noLeaks(since: before)
  },
]

private func shell(_ script: String) -> Command { Command("sh", ["-c", script]) }

private final class Counter {
  var value = 0
}
