import Glibc
import ProcessTree
import ProcessTreeScenarios

/// Sends the numbers from one to `count` and finishes.
struct Producer: NodeProgram {
  var sender: Sender<Int>
  var first = 1
  var count: Int

  func run(in node: Node) async throws {
    for number in first..<(first + count) { try await sender.send(number) }
  }
}

/// Adds up what comes.
struct Summer: NodeProgram {
  var receiver: Receiver<Int>

  func run(in node: Node) async throws -> [Int] {
    var (count, sum) = (0, 0)
    for try await number in receiver {
      count += 1
      sum += number
    }
    return [count, sum]
  }
}

/// Adds up what comes in batches.
struct BatchSummer: NodeProgram {
  var receiver: Receiver<Int>

  func run(in node: Node) async throws -> [Int] {
    var (count, sum) = (0, 0)
    for try await batch in receiver.batches {
      count += batch.count
      sum += batch.reduce(0, +)
    }
    return [count, sum]
  }
}

/// Adds up what comes as bytes in batches: the elements, their sizes and their bytes.
struct ByteBatchSummer: NodeProgram {
  var receiver: Receiver<[UInt8]>

  func run(in node: Node) async throws -> [Int] {
    var (count, size, sum) = (0, 0, 0)
    for try await batch in receiver.byteBatches {
      count += batch.count
      for bytes in batch {
        size += bytes.count
        sum += bytes.reduce(0) { $0 + Int($1) }
      }
    }
    return [count, size, sum]
  }
}

/// Sends back what it gets, over a pipe that came in the first message.
struct PipeEcho: NodeProgram {
  var requests: Receiver<[UInt8]>
  var answers: Sender<[UInt8]>

  func run(in node: Node) async throws {
    for try await bytes in requests { try await answers.send(bytes) }
  }
}

private func sum(_ count: Int) -> Int { count * (count + 1) / 2 }

let channelScenarios: [String: Scenario] = [
  "pipeDown": { root, expect in
    let (sender, receiver) = root.makePipe(of: Int.self)
    let child = try await root.spawn(Summer(receiver: receiver))
    for number in 1...100_000 { try await sender.send(number) }
    sender.finish()
    expect.equal(try await child.result, [100_000, sum(100_000)])
  },
  "pipeUp": { root, expect in
    let (sender, receiver) = root.makePipe(of: Int.self)
    let child = try await root.spawn(Producer(sender: sender, count: 100_000))
    var (next, total) = (1, 0)
    for try await number in receiver {
      expect.equal(number, next)
      next += 1
      total += number
    }
    expect.equal(total, sum(100_000))
    try await child.join()
    expect.equal(child.exitCode, 0)
  },
  "byteBatches": { root, expect in
    let elements = (0..<30_000).map { number in
      // Also empty ones, and some that come in memory of their own or in pieces.
      [UInt8](
        repeating: UInt8(truncatingIfNeeded: number),
        count: number.isMultiple(of: 10_000) ? 700_000 : number % 300)
    }
    let whole = [
      elements.count, elements.reduce(0) { $0 + $1.count },
      elements.reduce(0) { $0 + $1.count * Int($1.first ?? 0) },
    ]
    for isLeased in [false, true] {
      let (sender, receiver) =
        isLeased ? root.makeChannel(of: [UInt8].self) : root.makePipe(of: [UInt8].self)
      let child = try await root.spawn(ByteBatchSummer(receiver: receiver))
      if isLeased { receiver.close() }
      for element in elements { try await sender.send(element) }
      sender.finish()
      expect.equal(try await child.result, whole)
    }
    // What one iterator has decoded and not given, another one gives.
    let (sender, receiver) = root.makePipe(of: [UInt8].self)
    let few = Array(elements[1...50])
    for element in few { try await sender.send(element) }
    sender.finish()
    var one = receiver.makeAsyncIterator()
    var found = [try await one.next() ?? []]
    for try await batch in receiver.byteBatches { found += batch.map(Array.init) }
    expect.equal(found, few)
  },
  "batchesOfArrays": { root, expect in
    let (sender, receiver) = root.makePipe(of: [UInt8].self)
    var batches = receiver.batches.makeAsyncIterator()
    // Where an array has its bytes; within a node all that was sent together comes together.
    func round(_ number: UInt8, _ size: Int) async throws -> (Batch<[UInt8]>, [Int]) {
      let elements = (0..<100).map { [UInt8](repeating: number &+ $0, count: size) }
      try await sender.send(contentsOf: elements)
      var found: [[UInt8]] = []
      var places: [Int] = []
      while found.count < elements.count, let batch = try await batches.next() {
        found += batch.elements
        places += batch.map { $0.withUnsafeBytes { Int(bitPattern: $0.baseAddress) } }
      }
      expect.expect(found == elements)
      return (Batch(found), places)
    }
    // Arrays that are let go have the next elements; those that the program keeps stay as they are.
    let first = try await round(1, 64).1
    let (second, places) = try await round(2, 64)
    expect.equal(Set(places), Set(first))
    let (third, others) = try await round(3, 64)
    expect.expect(Set(others).isDisjoint(with: places))
    var changed = third.elements
    for index in changed.indices { changed[index][0] = 99 }
    // Of another size, and too much to be kept.
    for size in [63, 0, 5_000, 64] { _ = try await round(4, size) }
    expect.expect(
      second.enumerated().allSatisfy { [UInt8](repeating: 2 &+ UInt8($0), count: 64) == $1 })
    expect.expect(
      third.enumerated().allSatisfy { [UInt8](repeating: 3 &+ UInt8($0), count: 64) == $1 })
    expect.expect(changed.allSatisfy { $0[0] == 99 })
  },
  "elementsOneByOne": { root, expect in
    let (sender, receiver) = root.makePipe(of: [UInt8].self)
    var iterator = receiver.makeAsyncIterator()
    // Where an array has its bytes; within a node all that was sent together comes together.
    func round(_ number: UInt8, _ size: Int, keeps: Bool) async throws -> ([[UInt8]], [Int]) {
      let elements = (0..<30).map { [UInt8](repeating: number &+ $0, count: size) }
      for element in elements { try await sender.send(element) }
      var kept: [[UInt8]] = []
      var places: [Int] = []
      for element in elements {
        guard let found = try await iterator.next() else { break }
        expect.equal(found, element)
        places.append(found.withUnsafeBytes { Int(bitPattern: $0.baseAddress) })
        if keeps { kept.append(found) }
      }
      return (kept, places)
    }
    // Arrays that are let go have the next elements; those that the program keeps stay as they are.
    let first = try await round(1, 64, keeps: false).1
    expect.equal(Set(first).count, 30)
    let (second, places) = try await round(2, 64, keeps: true)
    expect.equal(Set(places), Set(first))
    let (third, others) = try await round(3, 64, keeps: true)
    expect.expect(Set(others).isDisjoint(with: places))
    var changed = third
    for index in changed.indices { changed[index][0] = 99 }
    // Of another size, and some that are left in between for a batch.
    for size in [63, 0, 5_000, 64] { _ = try await round(4, size, keeps: false) }
    for _ in 0..<3 { try await sender.send([7, 8]) }
    expect.equal(try await iterator.next(), [7, 8])
    var batches = receiver.batches.makeAsyncIterator()
    expect.equal(try await batches.next()?.elements, [[7, 8], [7, 8]])
    _ = try await round(5, 64, keeps: false)
    expect.expect(
      second.enumerated().allSatisfy { [UInt8](repeating: 2 &+ UInt8($0), count: 64) == $1 })
    expect.expect(
      third.enumerated().allSatisfy { [UInt8](repeating: 3 &+ UInt8($0), count: 64) == $1 })
    expect.expect(changed.allSatisfy { $0[0] == 99 })
  },
  "pipeOfArrays": { root, expect in
    // Arrays of elements go in runs: with elements that come in memory of their own or in pieces
    // in between, and with more than there is credit for.
    let elements = (0..<20_000).map { number in
      [UInt8](
        repeating: UInt8(truncatingIfNeeded: number / 3),
        count: number % 4_999 == 7 ? 700_000 : number % 997 == 5 ? 40_000 : number % 300)
    }
    let (sender, receiver) = root.makePipe(of: [UInt8].self)
    async let found = {
      var found: [[UInt8]] = []
      for try await element in receiver { found.append(element) }
      return found
    }()
    try await sender.send(contentsOf: [])
    for start in stride(from: 0, to: 10_000, by: 37) {
      try await sender.send(contentsOf: elements[start..<min(start + 37, 10_000)])
    }
    try await sender.send(contentsOf: elements[10_000..<19_000])
    try await sender.send(contentsOf: elements[19_000...].lazy.map { $0 })
    sender.finish()
    expect.expect(try await found == elements)
    let counts = try await sender.balance
    expect.equal(counts.sent, 20_000)
    expect.equal(counts.acknowledged, 20_000)
    // Other elements, and other channels.
    let (numbers, numbersEnd) = root.makeChannel(of: Int.self)
    let child = try await root.spawn(Summer(receiver: numbersEnd))
    numbersEnd.close()
    try await numbers.send(contentsOf: Array(1...20_000))
    numbers.finish()
    expect.equal(try await child.result, [20_000, sum(20_000)])
    // A task that is cancelled, and one whose receiver has gone.
    let (toNobody, nobodysEnd) = root.makePipe(of: [UInt8].self)
    let many = [[UInt8]](repeating: [7], count: 1_000_000)
    let waiting = Task { try await toNobody.send(contentsOf: many) }
    waiting.cancel()
    _ = await expect.thrown(CancellationError.self) { try await waiting.value }
    nobodysEnd.close()
    let error = await expect.thrown(ProcessTreeError.self) {
      try await toNobody.send(contentsOf: many)
    }
    expect.equal(error?.code, .unreachable)
  },
  "pipeBetweenSiblings": { root, expect in
    let (sender, receiver) = root.makePipe(of: Int.self)
    let summer = try await root.spawn(BatchSummer(receiver: receiver))
    let producer = try await root.spawn(Producer(sender: sender, count: 200_000))
    expect.equal(try await summer.result, [200_000, sum(200_000)])
    try await producer.join()
  },
  "pipeWithinANode": { root, expect in
    let (sender, receiver) = root.makePipe(of: Int.self)
    async let total = {
      var total = 0
      for try await number in receiver { total += number }
      return total
    }()
    for number in 1...10_000 { try await sender.send(number) }
    sender.finish()
    expect.equal(try await total, sum(10_000))
  },
  "pipeSizes": { root, expect in
    let (requests, requestsEnd) = root.makePipe(of: [UInt8].self)
    let (answersEnd, answers) = root.makePipe(of: [UInt8].self)
    let child = try await root.spawn(PipeEcho(requests: requestsEnd, answers: answersEnd))
    var iterator = answers.makeAsyncIterator()
    for size in [0, 1, 64, 65_535, 65_536, 300_000, 1 << 20, 16 << 20, 64 << 20, 0, 3] {
      let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: size / 7), count: size)
      try await requests.send(bytes)
      expect.expect(try await iterator.next() == bytes, "size \(size)")
    }
    requests.finish()
    expect.expect(try await iterator.next() == nil)
    try await child.join()
  },
  "workAmongFour": { root, expect in
    let (sender, receiver) = root.makeChannel(of: Int.self)
    let results = try await root.withChildren(of: [Int].self) { group in
      for _ in 1...4 { try await group.spawn(Summer(receiver: receiver)) }
      for number in 1...50_000 { try await sender.send(number) }
      sender.finish()
      return try await group.collect()
    }
    expect.equal(results.map { $0[0] }.reduce(0, +), 50_000)
    expect.equal(results.map { $0[1] }.reduce(0, +), sum(50_000))
    // On a busy machine the work may be done before the last of them has joined.
    expect.expect(results.count { $0[0] > 0 } > 1, "\(results)")
    let counts = try await sender.balance
    expect.equal(counts.sent, 50_000)
    expect.equal(counts.acknowledged, 50_000)
    expect.equal(counts.pending, 0)
  },
  "manySenders": { root, expect in
    let (sender, receiver) = root.makeChannel(of: Int.self)
    let results = try await root.withChildren(of: Void.self) { group in
      for index in 0..<5 {
        try await group.spawn(Producer(sender: sender, first: index * 1_000 + 1, count: 1_000))
      }
      sender.finish()
      var total = 0
      for try await number in receiver { total += number }
      return total
    }
    expect.equal(results, sum(5_000))
  },
]
