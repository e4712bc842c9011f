import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTesting

/// External commands: who they run as.
let commandUserScenarios: [String: Scenario] = [
  "commandRunsAsAnotherUser": { root, test in
    _ = try await root.run(Command("true"))
    let before = await settledAudit()
    func numbers(_ credentials: Command.Credentials) async throws -> String {
      text(
        try await root.run(
          Command("sh", ["-c", "id -u; id -g; id -G"], umask: 0o077, credentials: credentials)))
    }
    do {
      _ = try await numbers(.init(user: 65_534, group: 65_534))
    } catch let error as CommandError where geteuid() != 0 {
      // Somebody else may have the right to it as well.
      return test.equal(error.code, .credentialsRefused)
    }
    let sets = try await root.run(
      Command(
        "grep", ["-c", "^Cap[IPEA].*:\t0000000000000000$", "/proc/self/status"],
        credentials: .init(user: 65_534, group: 65_534)))
    test.equal(text(sets), "4\n")
    test.equal(try await numbers(.init(user: 65_534, group: 65_534)), "65534\n65534\n65534\n")
    test.equal(
      try await numbers(.init(user: 65_534, group: 65_533, supplementaryGroups: [7, 8])),
      "65534\n65533\n65533 7 8\n")
    test.equal(
      try await numbers(.init(user: 65_534, group: 65_533, supplementaryGroups: [])),
      "65534\n65533\n65533\n")
    test.equal(try await numbers(.init(user: 0, group: 5)), "0\n5\n5\n")
    // There is no way back, and this process is as it was.
    let back = Command("setpriv", ["--reuid", "0", "true"], credentials: nobody)
    let failure = await test.thrown(CommandFailure.self) { _ = try await root.run(back) }
    test.expect((failure?.status.exitCode ?? 0) > 0, "\(failure as Any)")
    test.equal([getuid(), geteuid(), getgid(), getegid()], [0, 0, 0, 0])
    for number in [
      Command.Credentials(user: .max, group: 1), .init(user: 1, group: .max),
      .init(user: 1, group: 1, supplementaryGroups: [.max]),
    ] {
      let error = await test.thrown(CommandError.self) { _ = try await numbers(number) }
      test.equal(error?.code, .invalidCommand)
    }
    let tooMany = [UInt32](0..<70_000)
    let refused = await test.thrown(CommandError.self) {
      _ = try await numbers(.init(user: 1, group: 1, supplementaryGroups: tooMany))
    }
    test.equal(refused?.code, .credentialsRefused)
    test.expect(refused?.message.contains("setgroups") == true, "\(refused as Any)")
    // The user has to be one that may execute it; the files are opened by the node.
    let files = try Files()
    defer { files.remove() }
    files.write("#!/bin/sh\n", to: "program", mode: 0o755)
    let mine = await test.thrown(CommandError.self) {
      _ = try await root.run(Command(files.path("program"), credentials: nobody))
    }
    test.equal(mine?.code, .notExecutable)
    test.expect(mine?.message.contains("user 65534") == true, "\(mine as Any)")
    let copies = Command(
      "cat", credentials: nobody, standardInput: .file(files.path("program")),
      standardOutput: .file(files.path("copy")))
    _ = try await root.run(copies)
    test.equal(readFile(files.path("copy")), "#!/bin/sh\n")
    files.remove()
    await test.noLeaks(since: before)
  },
  "commandOfAnotherUserIsEnded": { root, test in
    guard geteuid() == 0 else { return }
    root.configure { $0.stopPolicy = quick }
    // The fork server is known by its name from then on.
    _ = try await root.spawn(Nothing()).result
    let deaf = "trap '' TERM; setsid sleep 1000 & echo up; while :; do sleep 1000; done"
    for script in ["sleep 1000 & echo up; cat", deaf] {
      try await root.withCommand(Command("sh", ["-c", script], credentials: nobody)) { run in
        for try await _ in run.lines { break }
      }
      let left = await remaining(of: root, besides: helperPIDs())
      test.expect(left.isEmpty, "\(script): \(left)")
    }
    let child = try await root.spawn(
      ExternalCommand(Command("sh", ["-c", "id -u >&2; exit 5"], credentials: nobody)))
    _ = await test.thrown(ChildFailure.self) { try await child.result }
    test.equal(child.exitReport?.lastErrorLines, ["65534"])
  },
  "commandsOfAnotherUserOfAKilledNode": { root, test in
    guard geteuid() == 0 else { return }
    try await killNodesWithCommands(root, test, credentials: nobody)
  },
  "commandWithoutRights": { root, test in
    // The test sees to it that this is not root.
    let files = try Files()
    defer { files.remove() }
    files.write("secret", to: "shut", mode: 0o000)
    let shut = files.path("shut")
    let before = await settledAudit()
    for command in [
      Command("cat", standardInput: .file(shut)), Command("cat", standardOutput: .file(shut)),
      Command("cat", standardError: .file(shut, appending: true)),
      Command("cat", standardOutput: .file("/file-in-the-root-directory")),
    ] {
      let error = await test.thrown(CommandError.self) { _ = try await root.start(command) }
      test.equal(error?.code, .fileUnusable)
      test.expect(error?.message.contains("Permission denied") == true, "\(error as Any)")
    }
    for credentials in [nobody, .init(user: getuid(), group: getgid())] {
      let error = await test.thrown(CommandError.self) {
        _ = try await root.start(Command("true", credentials: credentials))
      }
      test.equal(error?.code, .credentialsRefused)
      for word in ["Operation not permitted", "not root"] {
        test.expect(error?.message.contains(word) == true, "\(error as Any)")
      }
    }
    await test.noLeaks(since: before)
  },
  "holdCommandsOfAnotherUser": { root, _ in try await holdCommands(root, credentials: nobody) },
]

private let nobody = Command.Credentials(user: 65_534, group: 65_534)
