import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTesting

/// External commands: how they are found, and what they find.
let commandStartScenarios: [String: Scenario] = [
  "commandCannotStart": { root, test in
    let files = "/tmp/ptree-commands-\(getpid())"
    mkdir(files, 0o700)
    defer { _ = system("rm -rf \(files)") }
    write("echo hello", to: files + "/plain", mode: 0o644)
    write("#!/no/such/interpreter\n", to: files + "/orphan", mode: 0o755)
    write("no program", to: files + "/text", mode: 0o755)
    symlink("loop", files + "/loop")
    let before = await settledAudit()
    let expected: [(Command, CommandError.Code)] = [
      (Command("no-such-command-anywhere"), .executableNotFound),
      (Command(""), .executableNotFound),
      (Command("/no/such/path"), .executableNotFound),
      (Command(files + "/plain/below"), .executableNotFound),
      (Command(files + "/loop"), .executableNotFound),
      (Command(files + "/plain"), .notExecutable),
      (Command(files), .notExecutable),
      (Command("plain", environment: .only(["PATH": files])), .notExecutable),
      (Command(files + "/orphan"), .notExecutable),
      (Command(files + "/text"), .notExecutable),
      (Command("true", directory: "/no/such/directory"), .directoryUnusable),
      (Command("true", directory: files + "/plain"), .directoryUnusable),
      (Command("true", ["a\0b"]), .invalidCommand),
      (Command("true", environment: .only(["A=B": "c"])), .invalidCommand),
      (Command("true", environment: .only(["": "c"])), .invalidCommand),
      (Command("true", limits: [.openFiles(-1)]), .invalidCommand),
      (Command("true", [String(repeating: "x", count: 4 << 20)]), .systemCallFailed),
    ]
    for (command, code) in expected {
      let error = await test.thrown(CommandError.self) { _ = try await root.start(command) }
      test.equal(error?.code, code)
    }
    await test.noLeaks(since: before)
  },
  "commandIsFoundAsInAShell": { root, test in
    let files = "/tmp/ptree-commands-\(getpid())"
    mkdir(files, 0o700)
    defer { _ = system("rm -rf \(files)") }
    write("#!/bin/sh\necho found $0\n", to: files + "/found", mode: 0o755)
    for command in [
      Command("found", environment: .only(["PATH": "/nowhere:\(files)"])),
      Command("found", environment: .inherit(adding: ["PATH": "\(files):/usr/bin:/bin"])),
      Command(files + "/found"), Command("./found", directory: files),
      Command("found", environment: .only(["PATH": "/nowhere:"]), directory: files),
      Command("../\(files.split(separator: "/").last ?? "")/found", directory: files),
    ] {
      let output = text(try await root.run(command))
      test.expect(output.hasPrefix("found ") && output.hasSuffix("found\n"), output)
    }
    // Without a PATH of its own: the node's.
    test.equal(text(try await root.run(Command("echo", ["x"], environment: .only([:])))), "x\n")
  },
  "commandEnvironment": { root, test in
    func variables(_ environment: Command.Environment) async throws -> [String] {
      text(try await root.run(Command("/usr/bin/env", environment: environment)))
        .split(separator: "\n").map(String.init)
    }
    test.equal(try await variables(.only([:])), [])
    test.equal(try await variables(.only(["B": "2=", "A": "", "C": "é"])), ["A=", "B=2=", "C=é"])
    setenv("FIXTURE_KEPT", "kept", 1)
    setenv("FIXTURE_GONE", "gone", 1)
    let all = try await variables(.inherit)
    test.expect(all.contains("FIXTURE_KEPT=kept") && all.contains("FIXTURE_GONE=gone"))
    test.expect(!all.contains { $0.hasPrefix("PROCESS_TREE_BOOTSTRAP") }, "\(all)")
    let changed = try await variables(
      .inherit(adding: ["FIXTURE_NEW": "n", "FIXTURE_KEPT": "k"], removing: ["FIXTURE_GONE"]))
    test.equal(
      Set(changed),
      Set(all).subtracting(["FIXTURE_KEPT=kept", "FIXTURE_GONE=gone"])
        .union(["FIXTURE_KEPT=k", "FIXTURE_NEW=n"]))
    test.equal(changed.count, all.count)
    // Bytes that are no text pass unchanged.
    setenv("FIXTURE_BYTES", "\u{1}", 1)
    getenv("FIXTURE_BYTES")[0] = CChar(bitPattern: 0xFF)
    let bytes = try await root.run(Command("sh", ["-c", "printf %s \"$FIXTURE_BYTES\""]))
    test.equal(bytes, [0xFF])
  },
  "commandSurroundings": { root, test in
    func shell(
      _ script: String, directory: String? = nil, limits: [ResourceLimit] = [],
      umask: UInt32? = nil
    ) async throws -> String {
      let command = Command(
        "sh", ["-c", script], directory: directory, limits: limits, umask: umask)
      return text(try await root.run(command))
    }
    test.equal(try await shell("pwd", directory: "/usr/bin"), "/usr/bin\n")
    test.equal(try await shell("umask", umask: 0o027), "0027\n")
    let mine = umask(0o077)
    test.equal(try await shell("umask"), "0077\n")
    umask(mine)
    test.equal(try await shell("ulimit -n", limits: [.openFiles(64)]), "64\n")
    test.equal(try await shell("ulimit -v", limits: [.addressSpace(1 << 30)]), "1048576\n")
    test.equal(try await shell("ulimit -St; ulimit -Ht", limits: [.cpuTime(.seconds(5))]), "5\n6\n")
    test.equal(try await shell("ulimit -t", limits: [.cpuTime(.milliseconds(1_001))]), "2\n")
    test.equal(try await shell("ulimit -c", limits: [.coreSize(0)]), "0\n")
    test.equal(try await shell("ulimit -s", limits: [.stackSize(1 << 20)]), "1024\n")
    // Of the last of several of one kind.
    test.equal(
      try await shell("ulimit -n", limits: [.openFiles(64), .openFiles(32)]), "32\n")
    // Nothing of the node but 0, 1 and 2; a leader; signals by default and none blocked.
    signal(SIGUSR1, SIG_IGN)
    let descriptors = try await root.run(Command("ls", ["/proc/self/fd"]))
    // 3 is what ls itself reads the directory by.
    test.equal(text(descriptors), "0\n1\n2\n3\n")
    let status = text(try await root.run(Command("cat", ["/proc/self/status"])))
    for name in ["SigBlk", "SigIgn", "SigCgt"] {
      let line = status.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
      test.equal(line, "\(name):\t0000000000000000")
    }
    let run = try await root.start(Command("cat"))
    test.equal(getpgid(run.pid), run.pid)
    test.equal(getsid(run.pid), run.pid)
  },
  "commandMeetsItsLimits": { root, test in
    func failure(_ script: String, _ limit: ResourceLimit) async -> CommandFailure? {
      await test.thrown(CommandFailure.self) {
        _ = try await root.run(Command("sh", ["-c", script], limits: [limit, .coreSize(0)]))
      }
    }
    let time = await failure("while :; do :; done", .cpuTime(.seconds(1)))
    test.equal(time?.status, .signaled(SIGXCPU, coreDumped: false))
    let file = "/tmp/ptree-limit-\(getpid())"
    defer { unlink(file) }
    let size = await failure("exec head -c 100000 /dev/zero >\(file)", .fileSize(1_000))
    test.equal(size?.status, .signaled(SIGXFSZ, coreDumped: false))
    let memory = await failure(
      "exec dd if=/dev/zero of=/dev/null bs=512M count=1", .addressSpace(256 << 20))
    test.expect((memory?.status.exitCode ?? 0) > 0, "\(memory as Any)")
    let open = await failure("exec 3</dev/null 4</dev/null 5</dev/null", .openFiles(4))
    test.expect((open?.status.exitCode ?? 0) > 0, "\(open as Any)")
  },
]

private func write(_ text: String, to path: String, mode: mode_t) {
  let descriptor = open(path, O_CREAT | O_WRONLY, mode)
  _ = text.withCString { write(descriptor, $0, strlen($0)) }
  close(descriptor)
  chmod(path, mode)
}
