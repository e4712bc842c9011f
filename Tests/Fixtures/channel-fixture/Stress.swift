import Glibc
import ProcessTree
import ProcessTreeRandomTesting
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// Joins two children of its own by a pipe, and reports their progress to the root.
struct Matchmaker: NodeProgram {
  var progress: Sender<Int>

  func run(in node: Node) async throws {
    let (sender, receiver) = node.makePipe(of: Int.self)
    let relay = try await node.spawn(Relay(numbers: receiver, progress: progress))
    _ = try await node.spawn(Counter(numbers: sender))
    _ = try await relay.result
  }
}

/// Counts without end.
struct Counter: NodeProgram {
  var numbers: Sender<Int>

  func run(in node: Node) async throws {
    for number in 1... { try await numbers.send(number) }
  }
}

/// Passes on every thousandth number.
struct Relay: NodeProgram {
  var numbers: Receiver<Int>
  var progress: Sender<Int>

  func run(in node: Node) async throws {
    for try await number in numbers where number.isMultiple(of: 1_000) {
      try await progress.send(number)
    }
  }
}

/// Takes its time over each item.
struct Slow: NodeProgram {
  var numbers: Receiver<[UInt8]>
  var pause: Duration
  var most = Int.max

  func run(in node: Node) async throws -> [Int] {
    let before = residentKilobytes()
    var (count, peak) = (0, before)
    for try await _ in numbers {
      count += 1
      try await Task.sleep(for: pause)
      peak = max(peak, residentKilobytes())
      if count == most { break }
    }
    return [count, peak - before]
  }
}

/// Sends without receiving, but for the first item.
struct Stubborn: NodeProgram {
  var out: Sender<[UInt8]>
  var back: Receiver<[UInt8]>

  func run(in node: Node) async throws {
    try await out.send([])
    var taken = back.makeAsyncIterator()
    _ = try await taken.next()
    for _ in 1... { try await out.send([UInt8](repeating: 1, count: 1_000)) }
  }
}

/// Sends large items without end.
struct LargeProducer: NodeProgram {
  var sender: Sender<[UInt8]>
  var size: Int

  func run(in node: Node) async throws {
    for number in 1... {
      try await sender.send([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size))
    }
  }
}

/// The resident set of this process.
func residentKilobytes() -> Int {
  guard let file = fopen("/proc/self/statm", "r") else { return 0 }
  defer { fclose(file) }
  var (size, resident) = (0, 0)
  withUnsafeMutablePointer(to: &size) { size in
    withUnsafeMutablePointer(to: &resident) { resident in
      _ = withVaList([size, resident]) { vfscanf(file, "%ld %ld", $0) }
    }
  }
  return resident * 4
}

let stressScenarios: [String: Scenario] = [
  "whoIntroducedTheEndsMayBeStoppedOrDead": { root, expect in
    let (progress, told) = root.makePipe(of: Int.self)
    let middle = try await root.spawn(Matchmaker(progress: progress))
    var heard = told.makeAsyncIterator()
    expect.equal(try await heard.next(), 1_000)
    guard let pid = middle.pid else { return expect.expect(false) }
    kill(pid, SIGSTOP)
    for number in 2...200 { expect.equal(try await heard.next(), number * 1_000) }
    kill(pid, SIGKILL)
    // Its children end with it, and so does what they sent.
    while try await heard.next() != nil {}
    expect.equal(try await middle.join(), .signaled(SIGKILL, coreDumped: false))
  },
  "slowConsumerKeepsMemoryFlat": { root, expect in
    let (sender, receiver) = root.makePipe(of: [UInt8].self)
    let count = 2_500
    let slow = try await root.spawn(
      Slow(numbers: receiver, pause: .microseconds(500), most: count))
    let before = residentKilobytes()
    var peak = before
    let error = await expect.thrown(ProcessTreeError.self) {
      for number in 1... {
        try await sender.send([UInt8](repeating: 3, count: 1_024))
        if number.isMultiple(of: 100) { peak = max(peak, residentKilobytes()) }
      }
    }
    expect.equal(error?.code, .unreachable)
    let result = try await slow.result
    expect.equal(result[0], count)
    expect.expect(peak - before < 16_000, "the sender grew by \(peak - before) KiB")
    expect.expect(result[1] < 16_000, "the receiver grew by \(result[1]) KiB")
  },
  "hoardedItemsAreRecalled": { root, expect in
    let (sender, receiver) = root.makeChannel(of: [UInt8].self, prefetch: 1_000)
    let first = try await root.spawn(Slow(numbers: receiver, pause: .milliseconds(5)))
    for _ in 1...300 { try await sender.send([1]) }
    // All went to the first one; the second comes late.
    let second = try await root.spawn(Slow(numbers: receiver, pause: .milliseconds(5)))
    receiver.close()
    sender.finish()
    try await sender.join()
    let results = [try await first.result[0], try await second.result[0]]
    expect.equal(results.reduce(0, +), 300)
    expect.expect(results[1] > 50, "\(results)")
    expect.equal(try await sender.balance.pending, 0)
  },
  "longTasksAreGivenToWhoIsIdle": { root, expect in
    let (sender, receiver) = root.makeChannel(of: [UInt8].self, prefetch: 1)
    let busy = try await root.spawn(Slow(numbers: receiver, pause: .patience, most: 1))
    for _ in 1...2 { try await sender.send([1]) }
    // One is being worked on, the other waits behind it.
    let idle = try await root.spawn(Slow(numbers: receiver, pause: .zero, most: 3))
    for _ in 1...2 { try await sender.send([1]) }
    expect.equal(try await idle.result[0], 3)
    expect.expect(busy.isAlive)
    busy.kill()
    try await busy.join()
    receiver.close()
    sender.finish()
  },
  "whoIsStoppedWhileItWaitsForCreditIsStopped": { root, expect in
    let (sender, receiver) = root.makePipe(of: Int.self)
    let child = try await root.spawn(Counter(numbers: sender))
    var taken = receiver.makeAsyncIterator()
    expect.equal(try await taken.next(), 1)
    // It has stopped computing: it waits.
    expect.expect(try await comesToRest { processorTime(of: child.pid) })
    try await child.stop(reason: "enough")
    guard case .stopped = child.exitReport?.cause else {
      return expect.expect(false, "\(String(describing: child.exitReport?.cause))")
    }
  },
  "fullChannelsInACircleAreReported": { root, expect in
    let events = try await root.events
    let (there, thereEnd) = root.makePipe(of: [UInt8].self)
    let (back, backEnd) = root.makePipe(of: [UInt8].self)
    let one = try await root.spawn(Stubborn(out: there, back: backEnd))
    let other = try await root.spawn(Stubborn(out: back, back: thereEnd))
    for await event in events {
      guard case .channelsInCycle(let nodes) = event.kind else { continue }
      expect.equal(Set(nodes), [one.name, other.name])
      break
    }
    for child in [one, other] {
      child.kill()
      try await child.join()
    }
  },
  "producersAreKilledInTheMiddleOfAnItem": { root, expect in
    var random = SeededGenerator.announced("producersAreKilled")
    for round in 0..<6 {
      let size = [300_000, 5 << 20, 64 << 20, 70_000, 1 << 20, 100][round % 6]
      let (sender, receiver) = root.makePipe(of: [UInt8].self)
      let child = try await root.spawn(LargeProducer(sender: sender, size: size))
      let pause = random.int(0...30_000)
      let killing = Task {
        try await Task.sleep(for: .microseconds(pause))
        child.kill()
      }
      // Whole items or none.
      var number: UInt8 = 0
      for try await bytes in receiver {
        number &+= 1
        expect.expect(bytes.count == size && bytes.first == number && bytes.last == number)
      }
      _ = try await killing.value
      try await child.join()
    }
  },
  "cancelledAtAnyMoment": { root, expect in
    var random = SeededGenerator.announced("cancelledAtAnyMoment")
    let (sender, receiver) = root.makePipe(of: Int.self)
    let child = try await root.spawn(Relay(numbers: receiver, progress: root.discard()))
    var sent = 0
    for _ in 0..<60 {
      let task = Task { () -> Int in
        var count = 0
        do {
          while true {
            try await sender.send(1)
            count += 1
          }
        } catch {}
        return count
      }
      try await Task.sleep(for: .microseconds(random.int(0...2_000)))
      task.cancel()
      sent += await task.value
    }
    expect.equal(try await sender.balance.sent, sent)
    sender.finish()
    expect.equal(try await child.join(), .exited(0))
    // Receivers as well: what one did not take, the next gets.
    let (numbers, taken) = root.makePipe(of: Int.self)
    let producer = try await root.spawn(Producer(sender: numbers, count: 20_000))
    var total = 0
    while true {
      let task = Task { () -> (Int, Bool) in
        var sum = 0
        do {
          for try await number in taken { sum += number }
          return (sum, !Task.isCancelled)
        } catch {
          return (sum, false)
        }
      }
      try await Task.sleep(for: .microseconds(random.int(0...1_000)))
      task.cancel()
      let (sum, isOver) = await task.value
      total += sum
      if isOver { break }
    }
    expect.equal(total, 20_000 * 20_001 / 2)
    try await producer.join()
  },
  "nothingIsLeftAfterManyChannels": { root, expect in
    // The first round opens what stays open.
    try await oneRound(in: root)
    let before = await settledAudit()
    for _ in 0..<20 { try await oneRound(in: root) }
    await expect.noLeaks(since: before)
  },
]

private func oneRound(in root: Node) async throws {
  let (sender, receiver) = root.makeChannel(of: Int.self)
  let (bytes, taken) = root.makePipe(of: SharedBytes.self)
  let children: [AnyChild] = [
    try await root.spawn(Summer(receiver: receiver)),
    try await root.spawn(Checker(receiver: taken)),
    try await root.spawn(Holder(receiver: receiver)),
  ]
  for number in 1...500 { try await sender.send(number) }
  for _ in 1...5 { try await bytes.send(SharedBytes([UInt8](repeating: 1, count: 100_000))) }
  children[2].kill()
  sender.finish()
  bytes.finish()
  for child in children { try await child.join() }
  // The loop learns of their ends, and closes what it had for them.
  _ = try await comesToRest { ResourceAudit.now() }
}

extension Node {
  /// A sender whose items nobody wants to see.
  func discard() -> Sender<Int> {
    let (sender, receiver) = makePipe(of: Int.self)
    Task { for try await _ in receiver {} }
    return sender
  }
}
