import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

let lifecycleScenarios: [String: Scenario] = [
  "squares": { root, test in
    let child = try await root.spawn(Square(number: 12))
    test.equal(child.name, "Process-1")
    test.equal(try await child.result, 144)
    test.equal(try await child.result, 144)
    test.equal(child.exitCode, 0)
  },
  "oneThreadBeforeTheFirstLink": { root, test in
    // A leaf below two nodes: neither has anything to carry for it but control.
    test.equal(try await root.spawn(CountsThreads(depth: 2)).result, [1, 1, 1])
    // Events of a child that nobody listens to, and its failure, need no link either.
    let failing = try await root.spawn(CountsThreads(depth: -1))
    _ = await test.thrown(RemoteFailure.self) { _ = try await failing.result }
    test.equal(failing.exitReport?.lastErrorLines.first, "threads: 1")
  },
  "noLibraryBeforeTheFirstLink": { root, test in
    // Neither the root nor a leaf below two nodes, nor the fork servers that they are cloned by.
    test.equal(try await root.spawn(HasLibraryOfLinks(depth: 2)).result, [false, false, false])
    test.expect(!HasLibraryOfLinks.here, "the root has it")
    // An end of a channel makes a link.
    let (sender, receiver) = root.makePipe(of: Int.self)
    let child = try await root.spawn(HasLibraryOfLinks(numbers: receiver))
    try await sender.send(1)
    test.equal(try await child.result, [true])
    test.expect(HasLibraryOfLinks.here, "the root has a link without it")
    // A child of which no link was expected opens one.
    let late = try await root.spawn(Mirror(count: 1))
    try await late.send(Note(number: 2))
    var notes = try await late.messages(of: Note.self).makeAsyncIterator()
    test.equal(try await notes.next(), Note(number: 2))
    try await late.result
  },
  "rootIdentity": { root, test in
    test.equal(root.name, "MainProcess")
    test.expect(root.isRoot && !root.isDaemon && root.parent == nil)
    test.equal(root.pid, getpid())
    test.expect(root.children.isEmpty)
  },
  "attributesOverLifetime": { root, test in
    let child = try root.makeChild(WhoAmI(waits: true), name: "who")
    test.expect(child.pid == nil && child.exitCode == nil && !child.isAlive)
    test.expect(root.children.isEmpty)
    let early = await test.thrown(ProcessTreeError.self) { _ = try await child.join() }
    test.equal(early?.code, .notStarted)
    _ = await test.thrown(ProcessTreeError.self) { _ = try await child.events }
    try await child.start()
    test.expect(child.isAlive && child.pid != nil && child.exitCode == nil)
    test.equal(root.children.map(\.name), ["who"])
    let again = await test.thrown(ProcessTreeError.self) { try await child.start() }
    test.equal(again?.code, .alreadyStarted)
    try await child.send(1)
    let identity = try await child.result
    test.equal(try await child.join(), .exited(0))
    test.expect(!child.isAlive && child.exitCode == 0 && root.children.isEmpty)
    test.equal(identity.name, "who")
    test.equal(identity.path, "Process-1")
    test.equal(identity.pid, child.pid)
    test.equal(identity.parentName, "MainProcess")
    test.equal(identity.parentPID, getpid())
    test.equal(identity.osParentPID, getpid())
    test.expect(identity.title.hasPrefix("who"), identity.title)
  },
  "daemonInherited": { root, test in
    test.equal(try await root.spawn(WhoAmI()).result.isDaemon, false)
    test.equal(try await root.spawn(WhoAmI(), daemon: true).result.isDaemon, true)
    test.equal(try await root.spawn(DaemonParent(), daemon: true).result, [true, false])
  },
  "terminateAndKill": { root, test in
    for (signal, end) in [(SIGTERM, { $0.terminate() }), (SIGKILL, { $0.kill() })]
      as [(Int32, (Child<Void>) -> Void)]
    {
      let child = try await root.spawn(Sleeper())
      test.expect(try await child.join(timeout: .zero) == nil)
      test.expect(try await child.join(timeout: .seconds(-1)) == nil)
      test.expect(try await child.join(timeout: .milliseconds(20)) == nil)
      end(child)
      test.equal(try await child.join(timeout: .patience)?.exitCode, -signal)
      test.equal(child.exitCode, -signal)
      test.expect(root.children.isEmpty)
    }
  },
  "recursionOrder": { root, test in
    test.equal(
      try await root.spawn(Chain(depth: 3)).result, ["Process-1", "Process-1:1", "Process-1:1:1"])
    test.equal(try await root.spawn(Chain(depth: 2)).result, ["Process-2", "Process-2:1"])
  },
  "chain20": { root, test in
    let names = try await root.spawn(Chain(depth: 20)).result
    test.equal(names.count, 20)
    test.equal(names.last, "Process-" + (0..<20).map { _ in "1" }.joined(separator: ":"))
  },
  "descriptorsOfChildren": { root, test in
    let extra = dup2(1, 200)
    var seen: [[Int32]] = []
    for _ in 0..<10 { seen.append(try await root.spawn(WhoAmI()).result.descriptors) }
    // A socket's connection may still be under way when a child looks.
    let counts = seen.map(\.count)
    test.expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 2, "\(seen)")
    test.expect(!seen[0].contains(extra), "\(seen[0])")
    test.equal(Array(seen[0].prefix(4)), [0, 1, 2, 3])
  },
  "manyQuickChildren": { root, test in
    _ = try await root.spawn(Square(number: 0)).result
    let before = await settledAudit()
    for number in 0..<100 {
      test.equal(try await root.spawn(Square(number: number)).result, number * number)
    }
    for _ in 0..<100 {
      let child = try await root.spawn(Sleeper())
      child.kill()
      test.equal(try await child.join()?.exitCode, -SIGKILL)
    }
    await test.noLeaks(since: before)
  },
  "manyWaiters": { root, test in
    let child = try await root.spawn(Sleeper())
    async let statuses = withThrowingTaskGroup(of: Int32?.self) { group in
      for _ in 0..<10 { group.addTask { try await child.join()?.exitCode } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    child.terminate()
    test.equal(try await statuses, Array(repeating: -SIGTERM, count: 10))
  },
  "programTypes": { root, test in
    test.equal(try await root.spawn(Outer.Inner()).result, "inner")
    test.equal(try await root.spawn(Echo(value: ["a": [1.5]])).result, ["a": [1.5]])
    test.equal(try await root.spawn(Echo<Int?>(value: nil)).result, nil)
    try await root.spawn(Nothing()).result
    test.equal(try await root.spawn(Listed()).result, 9)
    let refused = await test.thrown(ProcessTreeError.self) { try root.makeUnlisted() }
    test.equal(refused?.code, .programNotFindable)
  },
  "largeArgumentsAndResults": { root, test in
    for size in [0, 1, 32 << 10, (32 << 10) + 1, 300_000, 64 << 20] {
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let back = try await root.spawn(Echo(value: bytes)).result
      test.expect(back == bytes, "\(size)")
    }
  },
  "mainActor": { root, test in
    test.equal(try await root.spawn(OnMainActor()).result, true)
  },
  "exitCodes": { root, test in
    for (way, code) in [(0, 0), (1, 0), (2, 1), (3, 8), (4, 1)] as [(Int, Int32)] {
      let child = try await root.spawn(Exiting(way: way))
      test.equal(try await child.join()?.exitCode, code)
      if way == 4 { test.equal(child.exitReport?.lastErrorLines, ["a text"]) }
    }
  },
  "names": { root, test in
    for name in ["", "a/b", "a\nb", String(repeating: "x", count: 65)] {
      let error = await test.thrown(ProcessTreeError.self) {
        _ = try root.makeChild(Nothing(), name: name)
      }
      test.equal(error?.code, .invalidName)
    }
    let twins = [
      try await root.spawn(WhoAmI(), name: "twin"), try await root.spawn(WhoAmI(), name: "twin"),
    ]
    test.equal(Set(twins.map(\.path)).count, 2)
    for twin in twins { test.equal(try await twin.result.name, "twin") }
  },
]

/// A daemon's child is a daemon unless declared otherwise.
struct DaemonParent: NodeProgram {
  func run(in node: Node) async throws -> [Bool] {
    let inherited = try await node.spawn(WhoAmI()).result.isDaemon
    let changed = try await node.spawn(WhoAmI(), daemon: false).result.isDaemon
    return [inherited, changed]
  }
}

/// The main actor works in every node.
struct OnMainActor: NodeProgram {
  @MainActor func run(in node: Node) async throws -> Bool {
    await Task { @MainActor in pthread_self() == pthread_self() }.value && gettid() == getpid()
  }
}

func gettid() -> Int32 { Int32(syscallThreadID()) }

/// The thread's id, from the link that the kernel makes for it.
private func syscallThreadID() -> Int {
  var buffer = [CChar](repeating: 0, count: 64)
  let length = readlink("/proc/thread-self", &buffer, buffer.count)
  let text = String(decoding: buffer.prefix(max(0, length)).map(UInt8.init), as: UTF8.self)
  return text.split(separator: "/").last.flatMap { Int($0) } ?? 0
}

/// Ends by `node.exit` in one of its ways.
struct Exiting: NodeProgram {
  var way: Int
  func run(in node: Node) async throws {
    switch way {
    case 0: node.exit()
    case 1: node.exit(true)
    case 2: node.exit(false)
    case 3: node.exit(8)
    default: node.exit("a text")
    }
  }
}

/// Counts the threads of its process, once a child of its own has done so.
struct CountsThreads: NodeProgram {
  var depth: Int

  func run(in node: Node) async throws -> [Int] {
    let below = depth > 0 ? try await node.spawn(CountsThreads(depth: depth - 1)).result : []
    let threads = directoryEntries("/proc/self/task").count
    guard depth >= 0 else {
      let line = "threads: \(threads)\n"
      _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
      throw PlainTrouble()
    }
    return below + [threads]
  }
}

/// Returns whether it and the nodes below it have libzmq mapped, the lowest first.
struct HasLibraryOfLinks: NodeProgram {
  var depth = 0
  var numbers: Receiver<Int>?

  func run(in node: Node) async throws -> [Bool] {
    if let numbers { for try await _ in numbers { break } }
    let below = depth > 0 ? try await node.spawn(HasLibraryOfLinks(depth: depth - 1)).result : []
    return below + [Self.here]
  }

  /// Whether this process has it mapped.
  static var here: Bool {
    guard let file = fopen("/proc/self/maps", "re") else { return false }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 4_096)
    while fgets(&line, Int32(line.count), file) != nil {
      if strstr(line, "/libzmq.so") != nil { return true }
    }
    return false
  }
}
