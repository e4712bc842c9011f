import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTesting

/// Nodes that break what ties them to their parents, and surroundings that do.
let breakageScenarios: [String: Scenario] = [
  "closedStandardDescriptorsOfChildren": { root, test in
    for number in 0..<40 {
      let child = try await root.spawn(ClosesAndPrints(descriptor: Int32(number % 3)))
      test.equal(try await child.result, 7)
    }
    // A node whose children connect to it while its own descriptors are closed.
    test.equal(try await root.spawn(ClosesAndSpawns()).result, 4 * 49)
  },
  "closedDescriptors": { root, test in
    for way in ClosesAll.Way.allCases {
      for lowest: Int32 in [3, 4] {
        // With descriptor 3 left, nothing shows one that waits for nothing.
        if way == .idle, lowest == 4 { continue }
        let child = try await root.spawn(ClosesAll(way: way, lowest: lowest))
        let status = try await child.join(timeout: .seconds(60))
        test.expect(status != nil, "\(way) from \(lowest) on: still there")
        if status == nil { child.kill() }
        _ = try await child.join()
        let cause = child.exitReport?.cause
        switch cause {
        case .crashed, .failed: break
        default: test.expect(false, "\(way) from \(lowest) on: \(cause as Any)")
        }
      }
    }
    // Nobody asked it to stop: to a group it is a failure as any other.
    let failure = await test.thrown((any Error).self) {
      try await root.withChildren(of: Void.self) { group in
        try await group.spawn(ClosesAll(way: .idle, lowest: 3))
        _ = try await group.collect()
      }
    }
    switch failure {
    case let failure as RemoteFailure:
      test.equal(failure.underlying(as: ProcessTreeError.self)?.code, .unreachable)
    case let failure as ChildFailure:
      // A thread of libzmq aborts that finds its descriptor closed before the parent ends the
      // child.
      if case .crashed = failure.report.cause { break }
      test.expect(false, "\(failure)")
    default: test.expect(false, "\(failure as Any)")
    }
    test.equal(try await root.spawn(Square(number: 3)).result, 9)
  },
  "bytesOnTheControlConnection": { root, test in
    for text in ["a line of text\n", "\u{01}\u{02}ab\u{00}\u{01}c", "\u{00}\u{03}abc"] {
      let child = try await root.spawn(WritesIntoConnections(text: text))
      let status = try await child.join(timeout: .seconds(30))
      test.expect(status != nil, "\(text.debugDescription): still there")
      if status == nil { child.kill() }
      _ = try await child.join()
      // Its messages before its end may have been all that it had to send.
      switch child.exitReport?.cause {
      case .completed: test.equal(try await child.result, 7)
      case .failed(_, let text): test.expect(text.contains("connection"), text)
      default: test.expect(false, "\(text.debugDescription): \(child.exitReport as Any)")
      }
    }
  },
  "tracedChild": { root, test in
    let child = try await root.spawn(Sleeper())
    let tracer = try await root.spawn(Traces(pid: child.pid ?? -1))
    var messages = try await tracer.messages(of: Int32.self).makeAsyncIterator()
    let failure = try await messages.next()
    guard failure == 0 else {
      print("SKIPPED: no process can be traced here: errno \(failure ?? -1)")
      tracer.kill()
      child.kill()
      return
    }
    child.kill()
    let before = processorTime()
    try await Task.sleep(for: .seconds(2))
    let used = processorTime() - before
    test.expect(used < 0.3, "\(used) s of processor time to wait for two seconds")
    test.equal(try await root.spawn(Square(number: 6)).result, 36)
    test.expect(child.isAlive, "a traced process was reported as reaped")
    tracer.kill()
    test.equal(try await child.join(timeout: .seconds(60))?.exitCode, -SIGKILL)
    test.equal(child.exitReport.map { "\($0.cause)".contains("kill() was called") }, true)
  },
  "stoppedForkServer": { root, test in
    test.equal(try await root.spawn(Square(number: 2)).result, 4)
    root.configure { $0.startDeadline = .seconds(5) }
    for helper in helperPIDs() { kill(helper, SIGSTOP) }
    // The second one's own time is nearly over when the first one's is.
    async let first = root.spawn(Square(number: 3)).result
    try await Task.sleep(for: .seconds(4))
    async let second = root.spawn(Square(number: 4)).result
    test.equal(try await first, 9)
    test.equal(try await second, 16)
  },
  "limitedForkServer": { root, test in
    // The test runs this as a user whose limit on processes counts: the fork server's, which its
    // clones inherit. Others of that user come and go; one of the tries has room for the child and
    // none for its helper.
    test.equal(try await root.spawn(Square(number: 2)).result, 4)
    var seen = Set<String>()
    let isExpected = { (reason: String) in reason.contains("clone3") && reason.contains("ulimit -u")
    }
    for _ in 0..<60 where !seen.contains(where: isExpected) {
      let pids = helperPIDs()
      let before = pids.map { limitProcesses(of: $0, to: UInt(tasksOfThisUser() + 1)) }
      let start = await Task { try await root.spawn(Nothing()) }.result
      for (pid, limit) in zip(pids, before) { _ = limitProcesses(of: pid, to: limit) }
      switch start {
      case .success(let child): _ = try await child.join()
      case .failure(let error): seen.insert("\(error)")
      }
    }
    test.expect(seen.contains(where: isExpected), "\(seen)")
    test.expect(!seen.contains { $0.contains("epoll_ctl") }, "\(seen)")
    for pid in helperPIDs() { _ = limitProcesses(of: pid, to: 10_000) }
    test.equal(try await root.spawn(Square(number: 5)).result, 25)
  },
  "hugeErrorTexts": { root, test in
    let huge = String(repeating: "a long text ", count: 200_000)
    let commands = [
      Command("true", Array(repeating: "argument", count: 400_000)), Command("true", [huge]),
      Command(huge), Command("/" + huge), Command("true", directory: huge),
      Command("true", environment: .only([huge + "=": "1"])),
      Command("true", standardInput: .file(huge)), Command("true", [huge + "\0"]),
      Command("true", limits: [.openFiles(-1)]),
    ]
    for (number, command) in commands.enumerated() {
      let error = await test.thrown(CommandError.self) { _ = try await root.run(command) }
      let text = "\(error as Any)"
      test.expect(text.utf8.count <= 4_200, "\(number): \(text.utf8.count) bytes")
      let hasReason = [
        "Argument list too long", "There is no executable", "too long", "cannot name", "zero byte",
        "below zero",
      ].contains { text.contains($0) }
      test.expect(hasReason, "\(number): \(text.prefix(600))")
    }
    let named = await test.thrown(ProcessTreeError.self) {
      _ = try root.makeChild(Nothing(), name: huge)
    }
    test.expect("\(named as Any)".utf8.count < 4_200 && "\(named as Any)".contains("1 to 64 bytes"))
  },
  "outOfMemory": { root, test in
    // All of the tree in a group that has 400 MB, as far as one can be made.
    guard let group = MemoryGroup(megabytes: 400) else {
      return print("SKIPPED: no control group with a limit on memory can be made here")
    }
    defer { group.remove() }
    try await runsOutOfMemory(root, test, group)
  },
]

/// Closes one of descriptors 0 to 2 first thing, and prints.
struct ClosesAndPrints: NodeProgram {
  var descriptor: Int32
  func run(in node: Node) async throws -> Int {
    close(descriptor)
    let text = "a line of text\n"
    for _ in 0..<20 {
      _ = text.withCString { write(descriptor, $0, strlen($0)) }
      await Task.yield()
    }
    return 7
  }
}

/// Closes its standard streams between the connections of children, and prints.
struct ClosesAndSpawns: NodeProgram {
  func run(in node: Node) async throws -> Int {
    var sum = 0
    for _ in 0..<4 {
      for descriptor: Int32 in 0...2 { close(descriptor) }
      sum += try await node.spawn(Square(number: 7)).result
      for descriptor: Int32 in 0...2 { _ = "text\n".withCString { write(descriptor, $0, 5) } }
    }
    return sum
  }
}

/// Closes all descriptors from one on, as `closefrom` does.
struct ClosesAll: NodeProgram {
  enum Way: String, Codable, CaseIterable {
    /// On the event loop, with something to do afterwards.
    case onTheLoop
    /// On a thread that wakes the loop afterwards.
    case elsewhere
    /// On a thread, while the loop waits and nobody wakes it.
    case idle
  }

  var way: Way
  var lowest: Int32

  func run(in node: Node) async throws {
    let lowest = lowest
    let closeAll: @Sendable () -> Void = { for number in lowest..<1_024 { close(number) } }
    switch way {
    case .onTheLoop:
      closeAll()
      try await Task.sleep(for: .milliseconds(100))
    case .elsewhere: try await node.offload(closeAll)
    case .idle:
      Task.detached {
        usleep(50_000)
        closeAll()
        while true { sleep(1_000) }
      }
    }
    try await Sleeper().run(in: node)
  }
}

/// Writes into each of its connections what is no frame.
struct WritesIntoConnections: NodeProgram {
  var text: String
  func run(in node: Node) async throws -> Int {
    // The handshake comes first.
    try await Task.sleep(for: .milliseconds(200))
    for descriptor: Int32 in 3..<64 {
      var address = sockaddr_un()
      var size = socklen_t(MemoryLayout<sockaddr_un>.size)
      let isConnection = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          getpeername(descriptor, $0, &size) == 0
        }
      }
      guard isConnection, descriptor == 3 || address.sun_path.0 != 0 else { continue }
      let bytes = Array(text.utf8)
      _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
    return 7
  }
}

/// Traces a process, and does not wait for it.
struct Traces: NodeProgram {
  var pid: Int32
  func run(in node: Node) async throws {
    typealias Trace = @convention(c) (Int, Int, Int, Int) -> Int
    let seize = 0x4206
    var failure = ENOSYS
    if let symbol = dlsym(nil, "ptrace") {
      let trace = unsafeBitCast(symbol, to: Trace.self)
      failure = trace(seize, Int(pid), 0, 0) == 0 ? 0 : errno
    }
    try await node.parent?.send(failure)
    try await Sleeper().run(in: node)
  }
}

/// Seconds of processor time that this process has used.
func processorTime() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// How many threads this process's user has.
private func tasksOfThisUser() -> Int {
  var count = 0
  for entry in directoryEntries("/proc") where Int32(entry) != nil {
    var status = stat()
    guard stat("/proc/\(entry)", &status) == 0, status.st_uid == getuid() else { continue }
    count += directoryEntries("/proc/\(entry)/task").count
  }
  return count
}

func directoryEntries(_ path: String) -> [String] {
  guard let directory = opendir(path) else { return [] }
  defer { closedir(directory) }
  var names: [String] = []
  while let entry = readdir(directory) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    if !name.hasPrefix(".") { names.append(name) }
  }
  return names
}

/// Sets a process's soft limit on processes; returns the one before.
private func limitProcesses(of pid: Int32, to limit: UInt) -> UInt {
  typealias Call =
    @convention(c) (
      Int32, UInt32, UnsafePointer<rlimit>?, UnsafeMutablePointer<rlimit>?
    ) -> Int32
  guard let symbol = dlsym(nil, "prlimit") else { return limit }
  let prlimit = unsafeBitCast(symbol, to: Call.self)
  var (new, old) = (rlimit(), rlimit())
  let resource = UInt32(__RLIMIT_NPROC.rawValue)
  _ = prlimit(pid, resource, nil, &old)
  new.rlim_max = old.rlim_max
  new.rlim_cur = min(rlim_t(limit), old.rlim_max)
  _ = prlimit(pid, resource, &new, nil)
  return UInt(old.rlim_cur)
}
