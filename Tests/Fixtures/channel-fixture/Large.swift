import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTesting

/// Checks bytes where they are, and reports how often they were right.
struct Checker: NodeProgram {
  var receiver: Receiver<SharedBytes>
  /// How many items are kept while further ones come.
  var keeping = 0

  func run(in node: Node) async throws -> Int {
    var kept: [(Int, SharedBytes)] = []
    var right = 0
    for try await bytes in receiver {
      let index = kept.count + right
      kept.append((index, bytes))
      if kept.count > keeping { right += check(kept.removeFirst()) }
    }
    return kept.reduce(right) { $0 + check($1) }
  }

  private func check(_ item: (index: Int, bytes: SharedBytes)) -> Int {
    let expected = [UInt8](
      repeating: UInt8(truncatingIfNeeded: item.index), count: size(item.index))
    let isRight = item.bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return expected.isEmpty }
      return bytes.count == expected.count && memcmp(start, expected, expected.count) == 0
    }
    return isRight ? 1 : 0
  }
}

/// Sizes of items, empty ones and large ones mixed.
private func size(_ index: Int) -> Int {
  [0, 1, 70_000, 65_536, 1 << 20, 65_535, 300_001, 4 << 20][index % 8]
}

private func send(_ count: Int, over sender: Sender<SharedBytes>) async throws {
  for index in 0..<count {
    let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: size(index))
    try await sender.send(SharedBytes(bytes))
  }
}

let largeScenarios: [String: Scenario] = [
  "sharedBytes": { root, expect in
    for keeping in [0, 3, 64] {
      let (sender, receiver) = root.makePipe(of: SharedBytes.self)
      let child = try await root.spawn(Checker(receiver: receiver, keeping: keeping))
      try await send(96, over: sender)
      sender.finish()
      expect.equal(try await child.result, 96)
    }
  },
  // A receiver that is at work on large items has the next ones at hand.
  "sharedBytesGoAhead": { root, expect in
    let (sender, receiver) = root.makePipe(of: SharedBytes.self)
    let (resumer, pause) = root.makePipe(of: Int.self)
    let child = try await root.spawn(PausingCounter(receiver: receiver, pause: pause))
    let bytes = SharedBytes([UInt8](repeating: 9, count: 1 << 20))
    for _ in 1...PausingCounter.first { try await sender.send(bytes) }
    try await sender.join()
    var ahead = 0
    let deadline = ContinuousClock.now + .seconds(5)
    while ahead < 4, .now < deadline {
      if try await sender.trySend(bytes) {
        ahead += 1
      } else {
        try await Task.sleep(for: .milliseconds(1))
      }
    }
    expect.equal(ahead, 4)
    resumer.finish()
    sender.finish()
    expect.equal(try await child.result, PausingCounter.first + ahead)
  },
  "sharedBytesOutliveTheirSender": { root, expect in
    let (sender, receiver) = root.makePipe(of: SharedBytes.self)
    let child = try await root.spawn(LargeSource(sender: sender))
    var kept: [SharedBytes] = []
    for try await bytes in receiver { kept.append(bytes) }
    _ = try await child.join()
    expect.equal(kept.count, 8)
    expect.expect(kept.allSatisfy { $0.bytes == [UInt8](repeating: 9, count: 1 << 20) })
  },
  "sharedBytesWaitWhenTheirSenderHasGone": { root, expect in
    let (sender, receiver) = root.makePipe(of: SharedBytes.self)
    let child = try await root.spawn(LargeSource(sender: sender))
    var taken = receiver.makeAsyncIterator()
    let expected = [UInt8](repeating: 9, count: 1 << 20)
    expect.expect(try await taken.next()?.bytes == expected)
    var count = 1
    // Some are under way or here when the sender's process ends.
    while child.isAlive, count < 4 {
      expect.expect(try await taken.next()?.bytes == expected)
      count += 1
    }
    child.kill()
    try await child.join()
    try await Task.sleep(for: .milliseconds(100))
    while let bytes = try await taken.next() { expect.expect(bytes.bytes == expected) }
  },
  // A sender that cannot make memory to share sends copies.
  "sharedBytesFallBackToCopies": { root, expect in
    let (sender, receiver) = root.makePipe(of: SharedBytes.self)
    let child = try await root.spawn(Checker(receiver: receiver))
    try await sender.send(SharedBytes([]))
    try await sender.join()
    // No descriptor more, from now on.
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let before = limit.rlim_cur
    limit.rlim_cur = 3
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    for index in 1..<100 {
      let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: size(index))
      try await sender.send(SharedBytes(bytes))
    }
    try await sender.join()
    limit.rlim_cur = before
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    sender.finish()
    expect.equal(try await child.result, 100)
  },
  "largeElementsAmongSmallOnes": { root, expect in
    let (sender, receiver) = root.makeChannel(of: [UInt8].self, prefetch: 4)
    let results = try await root.withChildren(of: Int.self) { group in
      for _ in 1...2 { try await group.spawn(ByteCount(receiver: receiver)) }
      for index in 0..<40 {
        try await sender.send([UInt8](repeating: 1, count: index == 20 ? 64 << 20 : size(index)))
      }
      sender.finish()
      return try await group.reduce(0, +)
    }
    let all = (0..<40).reduce(0) { $0 + ($1 == 20 ? 64 << 20 : size($1)) }
    expect.equal(results, all)
  },
]

/// Takes some items, waits for the end of a second channel, and takes the others; reports their
/// number.
struct PausingCounter: NodeProgram {
  static var first: Int { 8 }

  var receiver: Receiver<SharedBytes>
  var pause: Receiver<Int>

  func run(in node: Node) async throws -> Int {
    var count = 0
    for try await _ in receiver {
      count += 1
      if count == Self.first { for try await _ in pause {} }
    }
    return count
  }
}

struct LargeSource: NodeProgram {
  var sender: Sender<SharedBytes>

  func run(in node: Node) async throws {
    for _ in 1...8 { try await sender.send(SharedBytes([UInt8](repeating: 9, count: 1 << 20))) }
  }
}

struct ByteCount: NodeProgram {
  var receiver: Receiver<[UInt8]>

  func run(in node: Node) async throws -> Int {
    var count = 0
    for try await bytes in receiver { count += bytes.count }
    return count
  }
}
