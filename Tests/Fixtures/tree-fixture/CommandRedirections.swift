import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTesting

/// External commands: what their standard streams are connected to.
let commandRedirectionScenarios: [String: Scenario] = [
  "commandReadsAFile": { root, test in
    let files = try Files()
    defer { files.remove() }
    files.write("one\ntwo\n", to: "input")
    let before = await settledAudit()
    let input = files.path("input")
    test.equal(
      text(try await root.run(Command("cat", standardInput: .file(input)))), "one\ntwo\n")
    let relative = Command("cat", directory: files.directory, standardInput: .file("input"))
    test.equal(text(try await root.run(relative)), "one\ntwo\n")
    test.equal(text(try await root.run(Command("cat", standardInput: .null))), "")
    // Of its descriptors the command has the file, and nothing else of the node's: 3 is what ls
    // itself reads the directory by.
    let list = Command(
      "ls", ["/proc/self/fd"], standardInput: .file(input), standardError: .standardOutput)
    test.equal(text(try await root.run(list)), "0\n1\n2\n3\n")
    // There is no pipe to write to.
    for source: Command.Input in [.null, .file(input), .inherited] {
      let command = Command("sleep", ["1000"], standardInput: source)
      try await root.withCommand(command) { run in
        let error = await test.thrown(CommandError.self) { try await run.send([1]) }
        test.equal(error?.code, .notPiped)
        run.finishSending()
      }
      let fed = await test.thrown(CommandError.self) {
        _ = try await root.run(command, input: [1])
      }
      test.equal(fed?.code, .notPiped)
    }
    await test.noLeaks(since: before)
  },
  "commandWritesAFile": { root, test in
    let files = try Files()
    defer { files.remove() }
    let before = await settledAudit()
    let path = files.path("output")
    func echo(_ word: String, _ output: Command.Output) async throws {
      let command = Command("echo", [word], standardOutput: output)
      test.equal(try await root.run(command), [])
    }
    try await echo("a long first line", .file(path))
    test.equal(readFile(path), "a long first line\n")
    try await echo("short", .file(path))
    test.equal(readFile(path), "short\n")
    try await echo("more", .file(path, appending: true))
    test.equal(readFile(path), "short\nmore\n")
    try await echo("new", .file(files.path("appended"), appending: true))
    test.equal(readFile(files.path("appended")), "new\n")
    try await echo("gone", .null)
    let relative = Command(
      "echo", ["there"], directory: files.directory, standardOutput: .file("relative"))
    _ = try await root.run(relative)
    test.equal(readFile(files.path("relative")), "there\n")
    // Both masks take their part away.
    let mine = umask(0o002)
    for (mask, mode) in [(nil, 0o664), (0o027, 0o640), (0o077, 0o600)] as [(UInt32?, mode_t)] {
      let file = files.path("mode-\(mode)")
      _ = try await root.run(Command("true", umask: mask, standardOutput: .file(file)))
      var found = stat()
      test.equal(stat(file, &found), 0)
      test.equal(found.st_mode & 0o7777, mode)
    }
    umask(mine)
    // There is no pipe to read from.
    for output: Command.Output in [.null, .file(path), .inherited] {
      let run = try await root.start(Command("true", standardOutput: output))
      let error = await test.thrown(CommandError.self) { for try await _ in run.lines {} }
      test.equal(error?.code, .notPiped)
      test.equal(try await run.exitStatus, .exited(0))
    }
    await test.noLeaks(since: before)
  },
  "commandStandardErrorGoesElsewhere": { root, test in
    let files = try Files()
    defer { files.remove() }
    let before = await settledAudit()
    let script = "for n in $(seq 1 200); do echo out $n; echo err $n >&2; done; exit 3"
    let mixed = (1...200).map { "out \($0)\nerr \($0)\n" }.joined()
    let errors = (1...200).map { "err \($0)\n" }.joined()
    func shell(_ output: Command.Output, _ errors: Command.ErrorOutput) async -> CommandFailure? {
      let command = Command(
        "sh", ["-c", script], standardOutput: output, standardError: errors)
      return await test.thrown(CommandFailure.self) { _ = try await root.run(command) }
    }
    // In the order in which they were written, whatever standard output is.
    let piped = Command("sh", ["-c", script], standardError: .standardOutput)
    try await root.withCommand(piped) { run in
      var found = ""
      for try await line in run.lines { found += line + "\n" }
      test.equal(found, mixed)
      test.equal(try await run.exitStatus, .exited(3))
    }
    let both = files.path("both")
    test.equal(await shell(.file(both), .standardOutput)?.lastErrorLines, [])
    test.equal(readFile(both), mixed)
    _ = await shell(.file(both, appending: true), .standardOutput)
    test.equal(readFile(both), mixed + mixed)
    _ = await shell(.null, .standardOutput)
    // And by itself.
    let alone = files.path("alone")
    test.equal(await shell(.null, .file(alone))?.lastErrorLines, [])
    test.equal(readFile(alone), errors)
    _ = await shell(.null, .file(alone, appending: true))
    test.equal(readFile(alone), errors + errors)
    test.equal(await shell(.null, .null)?.lastErrorLines, [])
    test.equal(await shell(.null, .pipe)?.lastErrorLines.last, "err 200")
    await test.noLeaks(since: before)
  },
  "commandFilesThatCannotBeOpened": { root, test in
    let files = try Files()
    defer { files.remove() }
    files.write("text", to: "file")
    symlink("loop", files.path("loop"))
    mkfifo(files.path("fifo"), 0o600)
    let before = await settledAudit()
    func expect(_ code: CommandError.Code, _ words: [String], _ command: Command) async {
      let error = await test.thrown(CommandError.self) { _ = try await root.start(command) }
      test.equal(error?.code, code)
      for word in words { test.expect(error?.message.contains(word) == true, "\(error as Any)") }
    }
    let missing = files.path("none/file")
    for (path, reason) in [
      (files.directory, "Is a directory"), (missing, "No such file or directory"),
      (files.path("file/below"), "Not a directory"), (files.path("loop"), "symbolic links"),
      ("", "No such file or directory"),
    ] {
      let words = [path, reason]
      await expect(.fileUnusable, words, Command("cat", standardInput: .file(path)))
      for appends in [false, true] {
        await expect(
          .fileUnusable, words, Command("cat", standardOutput: .file(path, appending: appends)))
        await expect(
          .fileUnusable, words, Command("cat", standardError: .file(path, appending: appends)))
      }
    }
    let zero = Command("cat", standardOutput: .file("a\0b"))
    await expect(.invalidCommand, ["zero byte"], zero)
    // A missing input is found before the output is touched, and a later failure closes it all.
    let kept = files.path("file")
    await expect(
      .fileUnusable, [missing],
      Command("cat", standardInput: .file(missing), standardOutput: .file(kept)))
    test.equal(readFile(kept), "text")
    await expect(
      .fileUnusable, [missing],
      Command("cat", standardInput: .file(kept), standardError: .file(missing)))
    await expect(
      .executableNotFound, [],
      Command("no-such-command", standardInput: .file(kept), standardOutput: .file(kept)))
    test.equal(readFile(kept), "text")
    await expect(
      .systemCallFailed, [],
      Command(
        "true", [String(repeating: "x", count: 4 << 20)], standardInput: .file(kept),
        standardOutput: .file(files.path("made")), standardError: .standardOutput))
    // A named pipe keeps the node from nothing.
    let fifo = files.path("fifo")
    await expect(.fileUnusable, [fifo], Command("cat", standardOutput: .file(fifo)))
    test.equal(try await root.run(Command("cat", standardInput: .file(fifo))), [])
    await test.noLeaks(since: before)
  },
  "commandFilesAtTheDescriptorLimit": { root, test in
    // Whichever call fails without descriptors, none is kept.
    let files = try Files()
    defer { files.remove() }
    let before = await settledAudit()
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    var usual = limit
    let highest = dup(0)
    close(highest)
    var failures = 0
    for free in 0..<24 {
      limit.rlim_cur = rlim_t(highest) + rlim_t(free)
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      do {
        let command = Command(
          "true", standardOutput: .file(files.path("out")), standardError: .file(files.path("err")))
        let run = try await root.start(command)
        test.equal(try await run.exitStatus, .exited(0))
      } catch let error as CommandError {
        test.equal(error.code, .systemCallFailed)
        failures += 1
      }
    }
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &usual)
    test.expect(failures > 2 && failures < 24, "\(failures) starts failed")
    await test.noLeaks(since: before)
  },
  "externalCommandRedirected": { root, test in
    let files = try Files()
    defer { files.remove() }
    files.write("from a file\n", to: "input")
    let script = "cat; echo why >&2; exit 7"
    let elsewhere = Command(
      "sh", ["-c", script], directory: files.directory, standardInput: .file("input"),
      standardOutput: .file("output"), standardError: .standardOutput)
    let child = try await root.spawn(ExternalCommand(elsewhere))
    _ = await test.thrown(ChildFailure.self) { try await child.result }
    test.equal(child.exitCode, 7)
    test.equal(child.exitReport?.lastErrorLines, [])
    test.equal(readFile(files.path("output")), "from a file\nwhy\n")
    // A stream that is not redirected is the node's own.
    let input = Command(
      "sh", ["-c", "cat >&2; exit 1"], standardInput: .file(files.path("input")))
    let other = try await root.spawn(ExternalCommand(input))
    _ = await test.thrown(ChildFailure.self) { try await other.result }
    test.equal(other.exitReport?.lastErrorLines, ["from a file"])
    let missing = Command("true", standardInput: .file(files.path("none")))
    let failing = try await root.spawn(ExternalCommand(missing))
    let error = await test.thrown(RemoteFailure.self) { try await failing.result }
    test.equal(error?.underlying(as: CommandError.self)?.code, .fileUnusable)
  },
  "commandInheritsStreams": { root, test in
    // The test looks at what arrives at this process's own streams.
    let before = await settledAudit()
    let command = Command(
      "sh", ["-c", "cat; echo out; echo err >&2"], standardInput: .inherited,
      standardOutput: .inherited, standardError: .inherited)
    test.equal(try await root.run(command), [])
    let joined = Command(
      "sh", ["-c", "echo joined >&2"], standardOutput: .inherited, standardError: .standardOutput)
    test.equal(try await root.run(joined), [])
    await test.noLeaks(since: before)
  },
]

/// Files in a directory of their own.
struct Files {
  struct CannotBeMade: Error {}

  let directory = "/tmp/ptree-command-files-\(getpid())"

  init() throws {
    guard mkdir(directory, 0o700) == 0 else { throw CannotBeMade() }
  }

  func path(_ name: String) -> String { directory + "/" + name }

  func write(_ text: String, to name: String, mode: mode_t = 0o644) {
    let descriptor = open(path(name), O_CREAT | O_WRONLY | O_CLOEXEC, mode)
    _ = text.withCString { Glibc.write(descriptor, $0, strlen($0)) }
    close(descriptor)
    chmod(path(name), mode)
  }

  func remove() { _ = system("rm -rf \(directory)") }
}
