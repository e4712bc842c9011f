import Glibc
import ProcessTree
import ProcessTreeRandomTesting
import ProcessTreeScenarios
import ProcessTreeTesting

/// External commands: their inputs and outputs.
let commandScenarios: [String: Scenario] = [
  "commandRoundTrips": { root, test in
    _ = try await root.run(Command("true"))
    let before = await settledAudit()
    var random = SeededGenerator.announced("commandRoundTrips")
    test.equal(text(try await root.run(Command("echo", ["-n", "a b", "'c'"]))), "a b 'c'")
    for size in [0, 1, 2, 4_095, 65_536, 65_537, 1 << 20, 16 << 20, random.int(1...200_000)] {
      let bytes = noise(size, &random)
      let back = try await root.run(Command("cat"), input: bytes, limit: size)
      test.expect(back == bytes, "\(size) bytes came back as \(back.count)")
    }
    await test.noLeaks(since: before)
  },
  "commandConversation": { root, test in
    // Lines, then frames, then whatever is left, over the same two pipes.
    let run = try await root.start(Command("cat"))
    var lines = run.lines.makeAsyncIterator()
    for number in 0..<200 {
      try await run.send(line: "line \(number)")
      test.equal(try await lines.next(), "line \(number)")
    }
    var random = SeededGenerator.announced("commandConversation")
    var frames = run.frames.makeAsyncIterator()
    for size in [0, 1, 65_536, 300_000] {
      let bytes = noise(size, &random)
      async let sent: Void = run.send(frame: bytes)
      test.expect(try await frames.next() == bytes)
      try await sent
    }
    try await run.send(Array("a\n\nb\nlast".utf8))
    run.finishSending()
    var rest: [String] = []
    for try await line in run.lines { rest.append(line) }
    test.equal(rest, ["a", "", "b", "last"])
    test.equal(try await run.exitStatus, .exited(0))
    test.equal(try await lines.next(), nil)
    let late = await test.thrown(CommandError.self) { try await run.send([1]) }
    test.equal(late?.code, .inputClosed)
  },
  "commandOutputLimits": { root, test in
    let before = await settledAudit()
    let long = await test.thrown(CommandError.self) {
      try await root.withCommand(Command("head", ["-c", "100000", "/dev/zero"])) { run in
        for try await _ in run.lines(limit: 99_999) {}
      }
    }
    test.equal(long?.code, .lineTooLong)
    let fits = try await root.withCommand(Command("head", ["-c", "100000", "/dev/zero"])) { run in
      var sizes: [Int] = []
      for try await line in run.lines(limit: 100_000) { sizes.append(line.utf8.count) }
      return sizes
    }
    test.equal(fits, [100_000])
    let frame = await test.thrown(CommandError.self) {
      try await root.withCommand(Command("printf", ["\\011\\0\\0\\0short"])) { run in
        for try await _ in run.frames {}
      }
    }
    test.equal(frame?.code, .incompleteFrame)
    let much = await test.thrown(CommandError.self) {
      _ = try await root.run(Command("yes"), limit: 1 << 20)
    }
    test.equal(much?.code, .outputTooLarge)
    await test.noLeaks(since: before)
  },
  "commandGigabyte": { root, test in
    // The memory that the output takes does not depend on how much it is.
    let size = 1 << 30
    _ = try await root.run(Command("head", ["-c", "1048576", "/dev/zero"]))
    let before = residentSize()
    try await root.withCommand(Command("head", ["-c", "\(size)", "/dev/zero"])) { run in
      var count = 0
      for try await chunk in run.chunks { count += chunk.count }
      test.equal(count, size)
      try await run.waitForSuccess()
    }
    test.expect(residentSize() - before < 16 << 20, "\(before) to \(residentSize())")
  },
  "commandWaitsForItsReader": { root, test in
    try await root.withCommand(Command("yes", ["0123456789"])) { run in
      var lines = run.lines.makeAsyncIterator()
      for _ in 0..<10 { test.equal(try await lines.next(), "0123456789") }
      let first = await settledOutput(of: run.pid)
      test.expect(first > 0 && first <= 192 << 10, "\(first) bytes were written unread")
      for _ in 0..<20_000 { test.equal(try await lines.next(), "0123456789") }
      let second = await settledOutput(of: run.pid)
      test.expect(second > first && second <= first + (384 << 10), "\(first), then \(second)")
    }
  },
  "commandLeavesTheLoopToOthers": { root, test in
    // Neither who reads nor who writes without ever having to wait keeps others from the loop.
    try await root.withCommand(Command("yes")) { run in
      async let read: Void = { for try await _ in run.chunks {} }()
      for number in 0..<20 { test.equal(try await root.spawn(Square(number: number)).exitOf(), 0) }
      run.kill()
      try await read
    }
    try await root.withCommand(Command("sh", ["-c", "cat >/dev/null"])) { run in
      async let sent: Void = { while true { try await run.send([1]) } }()
      for number in 0..<20 { test.equal(try await root.spawn(Square(number: number)).exitOf(), 0) }
      run.kill()
      _ = try? await sent
    }
  },
  "commandClosesItsInput": { root, test in
    let before = await settledAudit()
    for script in ["exec <&-; echo closed; exec sleep 1000", "exit 0", "head -c 1 >/dev/null"] {
      try await root.withCommand(Command("sh", ["-c", script])) { run in
        let failure = await test.thrown(CommandError.self) {
          while true { try await run.send([UInt8](repeating: 7, count: 100_000)) }
        }
        test.equal(failure?.code, .inputClosed)
      }
    }
    // One that has read enough has not failed.
    let input = [UInt8](repeating: 65, count: 4 << 20)
    test.equal(try await root.run(Command("head", ["-c", "3"]), input: input), [65, 65, 65])
    await test.noLeaks(since: before)
  },
  "commandOneReader": { root, test in
    try await root.withCommand(Command("cat")) { run in
      async let first: String? = {
        var lines = run.lines.makeAsyncIterator()
        return try await lines.next()
      }()
      for _ in 0..<10 { await Task.yield() }
      let second = await test.thrown(CommandError.self) {
        for try await _ in run.chunks {}
      }
      test.equal(second?.code, .alreadyReading)
      try await run.send(line: "one")
      test.equal(try await first, "one")
    }
  },
  "commandSendersTakeTurns": { root, test in
    // What one task sends stays in one piece.
    try await root.withCommand(Command("cat")) { run in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<20 {
          let byte = UInt8(65 + number)
          group.addTask { try await run.send(frame: [UInt8](repeating: byte, count: 150_000)) }
        }
        var frames = run.frames.makeAsyncIterator()
        var seen: Set<UInt8> = []
        for _ in 0..<20 {
          let frame = try await frames.next() ?? []
          test.expect(frame.count == 150_000 && Set(frame).count == 1, "a mixed frame")
          seen.formUnion(frame.prefix(1))
        }
        test.equal(seen.count, 20)
        try await group.waitForAll()
      }
    }
  },
  "commandOffTheLoop": { root, test in
    // From tasks of the pool all is the same, by a hop.
    let echoed = try await Task.detached {
      let run = try await root.start(Command("cat"))
      try await run.send(line: "from elsewhere")
      run.finishSending()
      var lines: [String] = []
      for try await line in run.lines { lines.append(line) }
      try await run.waitForSuccess()
      return lines
    }.value
    test.equal(echoed, ["from elsewhere"])
    let task = Task.detached { try await root.run(Command("yes"), limit: .max) }
    try await Task.sleep(for: .milliseconds(20))
    task.cancel()
    _ = await test.thrown(CancellationError.self) { _ = try await task.value }
    test.expect(await remaining(of: root, besides: helperPIDs()).isEmpty)
  },
  "hundredCommandsAtOnce": { root, test in
    _ = try await root.run(Command("true"))
    let before = await settledAudit()
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<100 {
        group.addTask {
          let bytes = [UInt8](repeating: UInt8(number), count: 100_000)
          return try await root.run(Command("cat"), input: bytes) == bytes
        }
      }
      for try await isSame in group { test.expect(isSame) }
    }
    await test.noLeaks(since: before)
  },
]

extension AnyChild {
  fileprivate func exitOf() async throws -> Int32? { try await join()?.exitCode }
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// Bytes that differ and are quickly made.
func noise(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
  let block = random.bytes(8_191)
  return [UInt8](unsafeUninitializedCapacity: count) { space, initialized in
    for index in 0..<count { space.initializeElement(at: index, to: block[index % block.count]) }
    initialized = count
  }
}

/// What this process has in memory, in bytes.
func residentSize() -> Int {
  let pages = readFile("/proc/self/statm").split(separator: " ").dropFirst().first
  return pages.flatMap { Int($0) }.map { $0 * 4_096 } ?? 0
}

/// What a process has written once it does not write any more.
func settledOutput(of pid: Int32) async -> Int {
  var last = -1
  var calm = 0
  while calm < 20 {
    let line = readFile("/proc/\(pid)/io").split(separator: "\n")
      .first { $0.hasPrefix("wchar: ") }
    let written = line.flatMap { Int($0.dropFirst(7)) } ?? 0
    calm = written == last && written > 0 ? calm + 1 : 0
    last = written
    usleep(2_000)
    await Task.yield()
  }
  return last
}
