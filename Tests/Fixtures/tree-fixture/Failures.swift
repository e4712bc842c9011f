import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

struct Trouble: Error, Codable, Equatable {
  var code: Int
}

struct PlainTrouble: Error {
  var text = "plain"
}

/// Ends in the given way.
struct Failing: NodeProgram {
  enum Way: String, Codable, CaseIterable {
    case codableError, plainError, trap, segmentationFault, abort, stackOverflow, cExit, cExitZero
    case nodeExit, killItself, unencodable, runtimeError
  }
  struct Unencodable: Codable, Sendable {
    func encode(to encoder: any Encoder) throws { throw PlainTrouble(text: "not encodable") }
  }
  var way: Way

  func run(in node: Node) async throws -> Unencodable {
    switch way {
    case .codableError: throw Trouble(code: 42)
    case .plainError: throw PlainTrouble()
    case .trap: fatalError("a trap on purpose")
    case .segmentationFault: print(UnsafePointer<Int>(bitPattern: 16)?.pointee as Any)
    case .abort: Glibc.abort()
    case .stackOverflow: print(deepen(1))
    case .cExit: Glibc.exit(7)
    case .cExitZero: Glibc.exit(0)
    case .nodeExit: node.exit(3)
    case .killItself: kill(getpid(), SIGKILL)
    case .unencodable: return Unencodable()
    case .runtimeError: print([1, 2, 3][Int(getpid())])
    }
    return Unencodable()
  }
}

@inline(never)
func deepen(_ number: Int) -> Int {
  var numbers = (number, number, number, number, number, number, number, number)
  withUnsafeMutableBytes(of: &numbers) { $0[0] = 1 }
  return number < 0 ? 0 : deepen(number + 1) + numbers.3
}

/// Lets a failure from below pass.
struct Passing: NodeProgram {
  var depth: Int
  func run(in node: Node) async throws {
    guard depth > 0 else { throw Trouble(code: 7) }
    try await node.spawn(Passing(depth: depth - 1)).result
  }
}

/// Cannot decode what it is sent.
struct Undecodable: NodeProgram {
  init() {}
  init(from decoder: any Decoder) throws { throw PlainTrouble(text: "not decodable") }
  func encode(to encoder: any Encoder) throws {}
  func run(in node: Node) async throws {}
}

/// Cannot be encoded.
struct UnencodableProgram: NodeProgram {
  init() {}
  init(from decoder: any Decoder) throws {}
  func encode(to encoder: any Encoder) throws { throw PlainTrouble(text: "not encodable") }
  func run(in node: Node) async throws {}
}

/// An error without a text of its own; the app has words for it.
struct Mumbling: Error, CustomStringConvertible {
  var words: String
  var description: String { "" }
}

/// Fails with it.
struct Mumbles: NodeProgram {
  func run(in node: Node) async throws { throw Mumbling(words: "no paper left") }
}

let failureScenarios: [String: Scenario] = [
  "appsWordsForErrors": { root, test in
    let child = try await root.spawn(Mumbles())
    let failure = await test.thrown(RemoteFailure.self) { try await child.result }
    test.equal(failure?.text, "no paper left")
    test.equal(child.exitReport?.lastErrorLines.last?.hasSuffix(": no paper left"), true)
    test.expect("\(child)".hasSuffix(": no paper left"), "\(child)")
  },
  "boxedError": { root, test in
    let child = try await root.spawn(Failing(way: .codableError))
    let failure = await test.thrown(RemoteFailure.self) { _ = try await child.result }
    test.equal(failure?.typeName, "tree_fixture.Trouble")
    test.equal(failure?.underlying(as: Trouble.self), Trouble(code: 42))
    test.expect(failure?.underlying(as: ChildFailure.self) == nil)
    test.equal(failure?.path, ["Process-1"])
    test.equal(child.exitCode, 1)
    test.expect(child.exitReport?.lastErrorLines.last?.contains("Trouble") ?? false)
  },
  "plainError": { root, test in
    let child = try await root.spawn(Failing(way: .plainError))
    let failure = await test.thrown(RemoteFailure.self) { _ = try await child.result }
    test.equal(failure?.typeName, "tree_fixture.PlainTrouble")
    test.expect(failure?.text.contains("plain") ?? false)
  },
  "pathOfNodes": { root, test in
    let child = try await root.spawn(Passing(depth: 2))
    let failure = await test.thrown(RemoteFailure.self) { try await child.result }
    test.equal(failure?.path, ["Process-1:1:1", "Process-1:1", "Process-1"])
    test.equal(failure?.origin, "Process-1:1:1")
    test.equal(failure?.underlying(as: Trouble.self), Trouble(code: 7))
  },
  "deathTable": { root, test in
    let expected: [Failing.Way: (ExitCause, Int32)] = [
      .trap: (.crashed(signal: SIGILL), -SIGILL),
      .segmentationFault: (.crashed(signal: SIGSEGV), -SIGSEGV),
      .abort: (.crashed(signal: SIGABRT), -SIGABRT),
      .stackOverflow: (.crashed(signal: SIGSEGV), -SIGSEGV),
      .cExit: (.exitedWithoutResult(code: 7), 7),
      .cExitZero: (.exitedWithoutResult(code: 0), 0),
      .nodeExit: (.exited(code: 3), 3),
      .killItself: (.killed(signal: SIGKILL), -SIGKILL),
      .runtimeError: (.crashed(signal: SIGILL), -SIGILL),
    ]
    for (way, (cause, code)) in expected {
      let child = try await root.spawn(Failing(way: way))
      let failure = await test.thrown(ChildFailure.self) { _ = try await child.result }
      // A trap is SIGILL or SIGTRAP, by the processor.
      let isTrap = cause == .crashed(signal: SIGILL)
      let accepted = isTrap ? [cause, .crashed(signal: SIGTRAP)] : [cause]
      test.expect(failure.map { accepted.contains($0.cause) } ?? false, "\(way): \(failure as Any)")
      if !isTrap { test.equal(child.exitCode, code) }
      if way == .trap {
        let account = failure?.report.crashAccount ?? []
        test.expect(account.first?.contains("a trap on purpose") ?? false, "\(account)")
        test.expect(account.contains { $0.contains("Program crashed") }, "\(account)")
      }
      test.expect(failure?.report.usage != nil)
    }
  },
  "unencodableResult": { root, test in
    for _ in 0..<20 {
      let child = try await root.spawn(Failing(way: .unencodable))
      let failure = await test.thrown(RemoteFailure.self) { _ = try await child.result }
      test.expect(failure?.text.contains("not encodable") ?? false, "\(failure as Any)")
    }
    test.equal(try await root.spawn(Square(number: 3)).result, 9)
  },
  "arguments": { root, test in
    var refused = false
    do { _ = try root.makeChild(UnencodableProgram()) } catch { refused = true }
    test.expect(refused)
    let child = try await root.spawn(Undecodable())
    let failure = await test.thrown(RemoteFailure.self) { try await child.result }
    test.expect(failure?.text.contains("not decodable") ?? false, "\(failure as Any)")
  },
  "forkServerDies": { root, test in
    guard root.configuration.startMethod == .forkServer else { return }
    let old = try await root.spawn(Sleeper())
    let events = try await root.events
    let server = helperPIDs().first ?? -1
    test.expect(server > 1, "no helper found")
    kill(server, SIGKILL)
    for await event in events where event.kind == .forkServerLost { break }
    test.expect(old.isAlive)
    test.equal(try await root.spawn(Square(number: 5)).result, 25)
    test.expect(old.isAlive)
    old.terminate()
    test.equal(try await old.join()?.exitCode, -SIGTERM)
    test.equal(try await root.spawn(Square(number: 6)).result, 36)
  },
  "strangersChildren": { root, test in
    // A child that other code has started is neither reaped nor ended by us.
    var pid: pid_t = 0
    let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("0.3"), nil]
    posix_spawnp(&pid, "sleep", nil, nil, arguments, environ)
    for number in 0..<50 { _ = try await root.spawn(Square(number: number)).result }
    var status: Int32 = 0
    test.equal(waitpid(pid, &status, 0), pid)
    test.equal(status, 0)
  },
  // A process that a program has forked has all of the node's descriptors, its connections among
  // them.
  "bareForks": { root, test in
    _ = try await root.spawn(FirstWord()).result
    let before = await settledAudit()
    for end in Forking.End.allCases {
      let events = try await root.events
      let child = try await root.spawn(Forking(end: end))
      var forked: Int32?
      for try await pid in try await child.messages(of: Int32.self) {
        forked = pid
        break
      }
      test.expect(forked != nil, "\(end): it has forked nothing")
      switch end {
      case .result: break
      case .exit: try await child.send(1)
      case .killed: child.kill()
      }
      let start = ContinuousClock.now
      let status = try await child.join(timeout: .patience)
      let time = ContinuousClock.now - start
      test.expect(status != nil, "\(end): its node is still there after \(time)")
      switch (end, child.exitReport?.cause) {
      case (.result, .completed): test.equal(try await child.result, forked)
      case (.exit, .exitedWithoutResult(code: 3)), (.killed, .terminated(_, signal: SIGKILL)): break
      case (_, let cause): test.expect(false, "\(end): \(cause as Any)")
      }
      var isReported = false
      for await event in events {
        if case .leftBehind(let pid, _) = event.kind { isReported = isReported || pid == forked }
        if case .exited = event.kind { break }
      }
      test.expect(isReported, "\(end): nobody reports what was left behind")
      test.expect(kill(forked ?? 0, 0) != 0, "\(end): the forked process is still there")
    }
    await test.noLeaks(since: before)
  },
]

/// What an audited scenario must not do.
let leakyScenarios: [String: Scenario] = [
  "leaves": { root, _ in
    _ = dup(0)
    _ = try await root.spawn(Sleeper())
  }
]

/// Forks behind the library's back, and ends before what it has forked.
struct Forking: NodeProgram {
  enum End: String, Codable, CaseIterable {
    case result, exit, killed
  }

  var end: End

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> Int32 {
    let forked = fork()
    if forked == 0 { while true { sleep(3_600) } }
    try await node.parent?.send(forked)
    switch end {
    case .result: return forked
    case .exit:
      // Its parent reports when it has received what an exit at once would take along.
      if let parent = node.parent {
        for try await _ in try await parent.messages(of: Int.self) { break }
      }
      _exit(3)
    case .killed: try await node.sleep(for: .seconds(3_600))
    }
    return forked
  }
}

/// The fork servers among this process's children.
func helperPIDs() -> [Int32] {
  ResourceAudit.children().filter { fileLocksLimit(of: $0).map(isForkServer(markedBy:)) ?? false }
}
