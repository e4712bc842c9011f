import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// Children on hosts end, and are ended, as here.
let endScenarios: [String: Scenario] = [
  "causes": { root, test in
    try await root.withHosts([here("b")]) { hosts in
      for way in ["throw", "exit", "trap", "kill"] {
        let near = try root.makeChild(Ending(way: way))
        let far = try root.makeChild(Ending(way: way), on: hosts)
        for child in [near, far] {
          try? await child.start()
          try await child.join()
        }
        test.equal(far.exitReport?.cause, near.exitReport?.cause)
        test.equal(far.exitReport?.status, near.exitReport?.status)
        test.equal(
          far.exitReport?.crashAccount.isEmpty, near.exitReport?.crashAccount.isEmpty)
      }
    }
  },

  "stops": { root, test in
    try await root.withHosts([here("b")]) { hosts in
      let sleeper = try await root.spawn(Ending(way: "sleep"), on: hosts)
      try await sleeper.stop(reason: "enough")
      test.expect(sleeper.exitReport?.cause.isStop == true, "\(sleeper.exitReport?.cause as Any)")

      let deaf = try await root.spawn(
        Ending(way: "ignore"), on: hosts,
        stopPolicy: StopPolicy(ask: .milliseconds(50), terminate: .milliseconds(50)))
      try await deaf.stop()
      test.expect(deaf.exitReport?.cause.isStop == true, "\(deaf.exitReport?.cause as Any)")

      let victim = try await root.spawn(Ending(way: "sleep"), on: hosts)
      victim.kill()
      test.equal(try await victim.join(), .signaled(SIGKILL, coreDumped: false))
    }
  },

  "scopeEnds": { root, test in
    var children: [Child<Void>] = []
    let host = try await root.withHosts([here("b")]) { hosts in
      for _ in 0..<3 { children.append(try await root.spawn(Ending(way: "sleep"), on: hosts)) }
      return hosts.all[0]
    }
    test.expect(children.allSatisfy { !$0.isAlive }, "a child is alive")
    test.expect(children.allSatisfy { $0.exitReport?.cause.isStop == true }, "not stopped")
    test.equal(host.state, .over(nil))
    let error = await test.thrown(HostError.self) {
      _ = try root.makeChild(Square(number: 1), on: host)
    }
    test.equal(error?.code, .over)
  },

  "nothingIsLeftOfAChild": { root, test in
    let file = "/tmp/ptree-household-\(getpid())"
    try await root.withHosts([here("b")]) { hosts in
      let child = try await root.spawn(Household(file: file), on: hosts)
      _ = try await eventually { number(in: file) != nil }
      let program = number(in: file) ?? 0
      test.expect(isRunning(program), "the program does not run")
      child.kill()
      try await child.join()
      test.expect(!isRunning(program), "the program has been left behind")
    }
    unlink(file)
  },
]

/// The number that a file has.
func number(in file: String) -> Int32? {
  guard let stream = fopen(file, "r") else { return nil }
  defer { fclose(stream) }
  var line = [CChar](repeating: 0, count: 32)
  guard fgets(&line, 32, stream) != nil else { return nil }
  return Int32(String(decoding: line.prefix { $0 > 32 }.map { UInt8($0) }, as: UTF8.self))
}
