import ProcessTree

func runCommand(_ root: Node) async throws {
  let script = "echo found; echo warned >&2; exit 3"
  let completed = try await root.capture(Command("sh", ["-c", script]), timeout: .seconds(60))
  print(completed.status)  // exited 3
  print(completed.outputText, completed.errorText)  // found, warned
  do {
    try completed.checked()
  } catch let failure as CommandFailure {
    print(failure.status.exitCode, failure.lastErrorLines)  // 3 ["warned"]
  }
}

func runCommands(_ root: Node) async throws {
  // Commands are made as they are needed: there may be any number.
  let commands = (1...1_000).lazy.map { Command("expr", ["\($0)", "-", "1"]) }
  var failed: [CommandOutcome] = []
  for try await outcome in root.captureAll(commands, limit: 4, attempts: 2) {
    if !outcome.isSuccess { failed.append(outcome) }
  }
  // expr exits with 1 when the result is 0.
  for outcome in failed { print(outcome.index, outcome.attempts) }  // 0 2
}
