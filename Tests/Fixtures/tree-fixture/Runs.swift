import Glibc
import ProcessTree
import ProcessTreeScenarios
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
    // It has left the command's session; the test's own temporary directory tells when it is over.
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

private func isEmptyDirectory(_ path: String) -> Bool {
  guard let stream = opendir(path) else { return false }
  defer { closedir(stream) }
  var count = 0
  while readdir(stream) != nil { count += 1 }
  return count == 2
}
