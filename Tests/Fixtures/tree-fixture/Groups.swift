import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTesting

/// Counts how many of its kind are alive at once, by files in a directory.
struct Counted: NodeProgram {
  static var spawnsChildren: Bool { false }
  var directory: String
  var number: Int
  /// Children stay until so many have been together once: a busy machine may start them slowly.
  var limit: Int

  func run(in node: Node) async throws -> Int {
    let file = "\(directory)/\(number)"
    close(open(file, O_CREAT | O_WRONLY, 0o600))
    defer { unlink(file) }
    let mark = Self.mark(in: directory)
    let deadline = ContinuousClock.now + .seconds(60)
    var most = 0
    repeat {
      try await node.sleep(for: .milliseconds(5))
      most = max(most, presentTogether(in: directory))
      if most >= limit { close(open(mark, O_CREAT | O_WRONLY, 0o600)) }
    } while access(mark, F_OK) != 0 && ContinuousClock.now < deadline
    return most
  }

  /// The file that exists once the limit has been reached.
  static func mark(in directory: String) -> String { "\(directory)/reached" }
}

/// How many files were in a directory at the moment between two readings of it.
///
/// One reading is no moment: a file may go and the next one come while it lasts, and both count.
private func presentTogether(in directory: String) -> Int {
  names(in: directory).intersection(names(in: directory)).count
}

private func names(in directory: String) -> Set<Int> {
  guard let stream = opendir(directory) else { return [] }
  defer { closedir(stream) }
  var names: Set<Int> = []
  while let entry = readdir(stream) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if let number = Int(name) { names.insert(number) }
  }
  return names
}

/// Fails after a while, or at once.
struct Fails: NodeProgram {
  var code: Int
  var after: Int
  func run(in node: Node) async throws -> Int {
    try await Task.sleep(for: .milliseconds(Int64(after)))
    throw Trouble(code: code)
  }
}

struct SleepingInt: NodeProgram {
  func run(in node: Node) async throws -> Int {
    while true { try await Task.sleep(for: .seconds(3_600)) }
  }
}

let groupScenarios: [String: Scenario] = [
  "groupSum": { root, test in
    let total = try await root.withChildren(of: Int.self, limit: 5) { group in
      for number in 1...100 { try await group.spawn(Square(number: number)) }
      return try await group.reduce(0, +)
    }
    test.equal(total, 338_350)
    test.expect(root.children.isEmpty)
  },
  "groupOrder": { root, test in
    let squares = try await root.withChildren(of: Int.self, limit: 8) { group in
      for number in 1...40 { try await group.spawn(Square(number: number)) }
      return try await group.inSpawnOrder()
    }
    test.equal(squares, (1...40).map { $0 * $0 })
  },
  "groupLimitHolds": { root, test in
    var template = Array("/tmp/ptree-limit-XXXXXX".utf8CString)
    let directory = mkdtemp(&template).map { String(cString: $0) } ?? ""
    defer { rmdir(directory) }
    let seen = try await root.withChildren(of: Int.self, limit: 5) { group in
      for number in 0..<60 {
        try await group.spawn(Counted(directory: directory, number: number, limit: 5))
      }
      return try await group.collect()
    }
    unlink(Counted.mark(in: directory))
    test.equal(seen.count, 60)
    test.expect(seen.allSatisfy { $0 <= 5 }, "\(seen.max() ?? 0) at once")
    test.equal(seen.max(), 5)
  },
  "groupFirstErrorCancels": { root, test in
    let failure = await test.thrown(RemoteFailure.self) {
      _ = try await root.withChildren(of: Int.self) { group in
        for _ in 0..<3 { try await group.spawn(SleepingInt()) }
        try await group.spawn(Fails(code: 1, after: 30))
        return try await group.collect()
      }
    }
    test.equal(failure?.underlying(as: Trouble.self), Trouble(code: 1))
    test.expect(root.children.isEmpty)
  },
  "groupErrorsTogether": { root, test in
    let failure = await test.thrown(ChildGroupFailure.self) {
      _ = try await root.withChildren(of: Int.self) { group in
        for code in 0..<3 { try await group.spawn(StubbornFails(code: code)) }
        return try await group.collect()
      }
    }
    let codes = failure?.failures.compactMap {
      ($0 as? RemoteFailure)?.underlying(as: Trouble.self)?.code
    }
    test.equal(codes?.sorted(), [0, 1, 2])
  },
  "groupBodyThrows": { root, test in
    _ = await test.thrown(PlainTrouble.self) {
      try await root.withChildren(of: Int.self) { group in
        for _ in 0..<3 { try await group.spawn(SleepingInt()) }
        throw PlainTrouble()
      }
    }
    test.expect(root.children.isEmpty)
  },
  "groupCancelledFromOutside": { root, test in
    let task = Task {
      try await root.withChildren(of: Int.self, limit: 2) { group in
        for _ in 0..<5 { try await group.spawn(SleepingInt()) }
        return try await group.collect()
      }
    }
    while root.children.count < 2 { try await Task.sleep(for: .milliseconds(1)) }
    task.cancel()
    _ = await test.thrown(CancellationError.self) { _ = try await task.value }
    test.expect(root.children.isEmpty)
  },
  "groupCancelledWhileItsScopeWaits": { root, test in
    // The body has returned, and the scope waits for a child that would never end.
    let task = Task {
      try await root.withChildren(of: Int.self) { group in
        try await group.spawn(SleepingInt())
        return 7
      }
    }
    while root.snapshot.counts[.ready] != 2 { try await Task.sleep(for: .milliseconds(1)) }
    task.cancel()
    test.equal(try await task.value, 7)
    test.expect(root.children.isEmpty)
  },
  "groupCrash": { root, test in
    let failure = await test.thrown(ChildFailure.self) {
      _ = try await root.withChildren(of: Failing.Unencodable.self, limit: 2) { group in
        try await group.spawn(Failing(way: .abort))
        return try await group.collect().count
      }
    }
    test.equal(failure?.cause, .crashed(signal: SIGABRT))
  },
  "groupBadLimit": { root, test in
    for limit in [0, -1] {
      let error = await test.thrown(ProcessTreeError.self) {
        try await root.withChildren(of: Int.self, limit: limit) { _ in }
      }
      test.equal(error?.code, .invalidLimit)
    }
  },
  "groupOfLargeArguments": { root, test in
    let sizes = try await root.withChildren(of: [UInt8].self, limit: 16) { group in
      for size in 1...48 {
        try await group.spawn(Echo(value: [UInt8](repeating: 1, count: size * 20_000)))
      }
      return try await group.inSpawnOrder().map(\.count)
    }
    test.equal(sizes, (1...48).map { $0 * 20_000 })
  },
  "groupEmpty": { root, test in
    test.equal(try await root.withChildren(of: Int.self) { try await $0.reduce(0, +) }, 0)
  },
  "groupEscapes": { root, test in
    let escaped = try await root.withChildren(of: Int.self) { $0 }
    let error = await test.thrown(ProcessTreeError.self) {
      try await escaped.spawn(Square(number: 1))
    }
    test.equal(error?.code, .scopeEnded)
  },
  "thousandAtEight": { root, test in
    _ = try await root.spawn(Square(number: 0)).result
    let before = await settledAudit()
    let total = try await root.withChildren(of: Int.self, limit: 8) { group in
      for number in 1...1_000 { try await group.spawn(Square(number: number)) }
      return try await group.reduce(0, +)
    }
    test.equal(total, (1...1_000).reduce(0) { $0 + $1 * $1 })
    await test.noLeaks(since: before)
  },
  "fiveHundredAtOnce": { root, test in
    _ = try await root.spawn(Square(number: 0)).result
    let before = await settledAudit()
    var children: [Child<Void>] = []
    for _ in 0..<500 { children.append(try await root.spawn(LeafSleeper())) }
    test.equal(root.children.count, 500)
    for child in children { child.terminate() }
    for child in children { test.equal(try await child.join()?.exitCode, -SIGTERM) }
    await test.noLeaks(since: before)
  },
]

struct LeafSleeper: NodeProgram {
  static var spawnsChildren: Bool { false }
  func run(in node: Node) async throws {
    while true { try await Task.sleep(for: .seconds(3_600)) }
  }
}

/// Does not stop when it is asked to, and then fails.
struct StubbornFails: NodeProgram {
  var code: Int
  func run(in node: Node) async throws -> Int {
    usleep(100_000)
    throw Trouble(code: code)
  }
}
