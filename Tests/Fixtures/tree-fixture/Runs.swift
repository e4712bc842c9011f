import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// Runs beside and within others.
let runScenarios: [String: Scenario] = [
  "changedTemporaryDirectory": { root, test in
    // The sockets that are opened from now on are in the run's directory all the same.
    setenv("TMPDIR", "/nowhere", 1)
    test.equal(try await root.spawn(Square(number: 4)).result, 16)
    _ = try await root.spawn(Talkative(reports: 2)).result
  },
  "aRunWithinACommandEndsWithIt": { root, test in
    // It has left the command's session; the test's own temporary directory shows when it is over.
    var template = Array("/tmp/ptree-nested-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { return test.expect(false) }
    let directory = String(
      decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let script = """
      TMPDIR=\(directory) setsid /proc/\(getpid())/exe hold 4 > \(directory)/up 2>&1 &
      until grep -q up \(directory)/up; do sleep 0.05; done
      """
    _ = try await root.run(Command("sh", ["-c", script]))
    let runs = "\(directory)/process-tree-\(getuid())"
    while !isEmptyDirectory(runs) { try await Task.sleep(for: .milliseconds(10)) }
    unlink("\(directory)/up")
    rmdir(runs)
    test.equal(rmdir(directory), 0)
  },
  "aGroupThatCannotBeMade": { root, test in
    root.configure { $0.controlGroup = .required }
    for start in [
      { _ = try await root.spawn(Square(number: 4)) },
      { _ = try await root.run(Command("true")) },
    ] as [() async throws -> Void] {
      let error = await test.thrown(ProcessTreeError.self) { try await start() }
      test.equal(error?.code, .controlGroupUnavailable)
      test.expect(error?.message.contains("Delegate=yes") == true, "\(String(describing: error))")
    }
    root.configure { $0.controlGroup = .whereAvailable }
    test.equal(try await root.spawn(Square(number: 4)).result, 16)
  },
  "hidesAProcess": { root, test in
    // For tests that look at what is left: a process that nothing marks any more.
    let words = CommandLine.arguments.dropFirst(2)
    root.configure { $0.controlGroup = words.first.flatMap(ControlGroupMode.init) ?? .off }
    let holds = words.last == "hold"
    let hidden = try await root.spawn(Hides()).result
    if holds {
      _ = try await root.spawn(Bush(depth: 1, fanOut: 1, daemonEvery: 0))
      test.expect(try await eventually { root.snapshot.counts[.ready] == 3 })
    }
    print("up \(hidden)")
    fflush(nil)
    // The first signal is not enough.
    if holds { while true { sleep(1) } }
  },
  "leavesAStranger": { root, test in
    // What the root's own code starts and does not wait for.
    var pid: pid_t = 0
    let words: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("1000"), nil]
    posix_spawnp(&pid, "sleep", nil, nil, words, environ)
    print(pid)
    fflush(nil)
    switch CommandLine.arguments.dropFirst(2).first {
    case "throw": throw CancellationError()
    case "exit": exit(3)
    case "kill": kill(getpid(), SIGKILL)
    default: break
    }
  },
]

/// Daemonises a process that has no tag, and returns its pid.
struct Hides: NodeProgram {
  func run(in node: Node) async throws -> Int32 {
    // Anybody may lower a hard limit.
    var limit = rlimit(rlim_cur: 1, rlim_max: 1)
    setrlimit(numericCast(__RLIMIT_LOCKS.rawValue), &limit)
    let script = "setsid sh -c 'env -i sleep 987654 </dev/null >/dev/null 2>&1 & echo $!'"
    guard let output = popen(script, "r") else { throw CancellationError() }
    defer { pclose(output) }
    var line = [CChar](repeating: 0, count: 32)
    guard fgets(&line, 32, output) != nil else { throw CancellationError() }
    return Int32(atoi(line))
  }
}

private func isEmptyDirectory(_ path: String) -> Bool {
  guard let stream = opendir(path) else { return false }
  defer { closedir(stream) }
  var count = 0
  while readdir(stream) != nil { count += 1 }
  return count == 2
}
