import Glibc
import ProcessTree
import ProcessTreeRandomTesting
import ProcessTreeScenarios
import ProcessTreeTesting

/// Receives numbers and sends each over a second channel, then acknowledges it.
struct Recorder: NodeProgram {
  var numbers: Receiver<Int>
  var records: Sender<Record>
  /// The number that kills the worker that works on it.
  var poison: Int?
  var pause: Duration = .zero

  func run(in node: Node) async throws {
    for try await delivery in numbers.deliveries {
      if delivery.element == poison {
        raise(SIGKILL)
      }
      if pause > .zero { try await Task.sleep(for: pause) }
      try await records.send(
        Record(number: delivery.element, attempt: delivery.attempt, id: delivery.id))
      // The record is on its way before the number is acknowledged.
      try await records.join()
      delivery.acknowledge()
    }
  }
}

struct Record: Codable, Sendable {
  var number: Int
  var attempt: Int
  var id: DeliveryID?
}

/// Records each number once, whatever comes twice.
private func record(_ records: Receiver<Record>) async throws -> [Int: Int] {
  var known: Set<DeliveryID?> = []
  var seen: [Int: Int] = [:]
  for try await record in records where known.insert(record.id).inserted {
    seen[record.number, default: 0] += 1
  }
  return seen
}

/// Keeps so many recorders alive while others are killed, until all numbers are acknowledged.
private func withRecorders(
  _ count: Int, in root: Node, numbers: Receiver<Int>, records: Sender<Record>, poison: Int? = nil,
  pause: Duration = .zero, until isDone: @escaping @Sendable () async throws -> Void,
  faults: @escaping @Sendable ([AnyChild]) async throws -> Void = { _ in
    try await Task.sleep(for: .milliseconds(100))
  }
) async throws {
  try await withThrowingTaskGroup(of: Void.self) { group in
    for _ in 1...count {
      group.addTask {
        while !Task.isCancelled {
          let program = Recorder(numbers: numbers, records: records, poison: poison, pause: pause)
          guard let child = try? await root.spawn(program) else { continue }
          // The end of the numbers is a recorder's, too; one that comes after it finds just that.
          let status = try? await child.join()
          if status == .exited(0) { return }
          if Task.isCancelled { _ = try? await child.stop() }
        }
      }
    }
    let chaos = Task {
      while !Task.isCancelled { try await faults(root.children) }
    }
    try await isDone()
    chaos.cancel()
    _ = try? await chaos.value
    numbers.close()
    try await group.waitForAll()
  }
}

/// Takes numbers in batches, and dies of one of them.
struct BatchVictim: NodeProgram {
  var numbers: Receiver<Int>
  var poison: Int

  func run(in node: Node) async throws {
    for try await batch in numbers.batches {
      for number in batch where number == poison { raise(SIGKILL) }
    }
  }
}

/// Dies of one of its numbers, with many other receivers in use.
struct CrowdedVictim: NodeProgram {
  var others: [Receiver<Int>]
  var numbers: Receiver<Int>
  var poison: Int

  func run(in node: Node) async throws {
    let tasks = others.map { other in Task { for try await _ in other {} } }
    defer { for task in tasks { task.cancel() } }
    // Each has begun to receive before the numbers are asked for.
    for _ in 1...10 { await Task.yield() }
    for try await batch in numbers.batches {
      for number in batch where number == poison { raise(SIGKILL) }
    }
  }
}

/// Works on batches, number by number, and skips a number that has killed two consumers.
struct BatchWorker: NodeProgram {
  var batches: Receiver<[Int]>
  var skipped: Sender<Int>
  var poison: Set<Int>
  /// A worker that skips nothing dies until the batch is quarantined.
  var isCareful = true

  func run(in node: Node) async throws {
    for try await delivery in batches.deliveries {
      for (offset, number) in delivery.element.enumerated() {
        guard !isCareful || delivery.suspects.count(where: { $0 == offset }) < 2 else {
          try await skipped.send(number)
          try await skipped.join()
          continue
        }
        delivery.note(elementOffset: offset)
        if poison.contains(number) { raise(SIGKILL) }
      }
      delivery.acknowledge()
    }
  }
}

/// Keeps a worker alive until it has seen the end of the batches.
private func withBatchWorkers(in root: Node, _ worker: BatchWorker) async throws {
  while true {
    let child = try await root.spawn(worker)
    if try await child.join() == .exited(0) { return }
  }
}

/// Sends numbers to nodes that die of one of them, and returns without asking what became of them.
struct Careless: NodeProgram {
  var isAsking: Bool

  func run(in node: Node) async throws -> Int {
    let (sender, receiver) = node.makeChannel(of: Int.self)
    for number in 1...20 { try await sender.send(number) }
    let workers = Task {
      while !Task.isCancelled {
        let child = try await node.spawn(BatchVictim(numbers: receiver, poison: 7))
        if try await child.join() == .exited(0) { return }
      }
    }
    sender.finish()
    try await workers.value
    // The books of the channel are settled before the program ends.
    return isAsking ? try await sender.takeQuarantined().count : 0
  }
}

let redeliveryScenarios: [String: Scenario] = [
  "quarantineIsNeverSilent": { root, expect in
    let failure = await expect.thrown(RemoteFailure.self) {
      _ = try await root.spawn(Careless(isAsking: false)).result
    }
    let error = failure?.underlying(as: ProcessTreeError.self)
    expect.equal(error?.code, .itemQuarantined)
    expect.equal(try await root.spawn(Careless(isAsking: true)).result, 1)
  },
  // A node may have any number of receivers: of each it is known what it works on.
  "poisonAmongManyReceivers": { root, expect in
    let others = (1...70).map { _ in root.makeChannel(of: Int.self) }
    let (sender, receiver) = root.makeChannel(of: Int.self, prefetch: 500)
    let workers = Task {
      while !Task.isCancelled {
        let program = CrowdedVictim(others: others.map(\.receiver), numbers: receiver, poison: 77)
        if try await root.spawn(program).join() == .exited(0) { return }
      }
    }
    for number in 1...400 { try await sender.send(number) }
    sender.finish()
    try await workers.value
    expect.equal(try await sender.takeQuarantined().map(\.element), [77])
    for other in others { other.sender.finish() }
  },
  "poisonInABatchIsFound": { root, expect in
    let (sender, receiver) = root.makeChannel(of: Int.self, prefetch: 500)
    let workers = (1...2).map { _ in
      Task {
        while !Task.isCancelled {
          guard let child = try? await root.spawn(BatchVictim(numbers: receiver, poison: 77))
          else { return }
          if try await child.join() == .exited(0) { return }
        }
      }
    }
    for number in 1...400 { try await sender.send(number) }
    sender.finish()
    // As long as nobody has taken what killed its consumers, it was not processed.
    for _ in 1...2 {
      let error = await expect.thrown(ProcessTreeError.self) { try await sender.join() }
      expect.equal(error?.code, .itemQuarantined)
    }
    expect.equal(try await sender.takeQuarantined().map(\.element), [77])
    try await sender.join()
    let counts = try await sender.balance
    expect.equal([counts.acknowledged, counts.quarantined], [399, 1])
    receiver.close()
    for worker in workers { try await worker.value }
  },
  // The part of an element that kills is known to the next consumer, and to the sender.
  "theElementOfABatchIsBlamed": { root, expect in
    let (sender, receiver) = root.makeChannel(of: [Int].self, prefetch: 100, attempts: 100)
    let (skipped, skips) = root.makeChannel(of: Int.self)
    let seen = Task {
      var seen: [Int] = []
      for try await number in skips { seen.append(number) }
      return seen
    }
    for batch in 0..<20 { try await sender.send(Array(batch * 50..<batch * 50 + 50)) }
    sender.finish()
    try await withBatchWorkers(
      in: root, BatchWorker(batches: receiver, skipped: skipped, poison: [0, 512, 549, 999]))
    try await sender.join()
    skipped.finish()
    // A batch that kills a second time skips its first poison again.
    expect.equal(Set(try await seen.value), [0, 512, 549, 999])
    let counts = try await sender.balance
    expect.equal(counts.acknowledged, 20)
    expect.equal(counts.quarantined, 0)

    let (careless, batches) = root.makeChannel(of: [Int].self, attempts: 2)
    let (unused, unread) = root.makeChannel(of: Int.self)
    try await careless.send([1, 2, 3, 4])
    careless.finish()
    try await withBatchWorkers(
      in: root, BatchWorker(batches: batches, skipped: unused, poison: [3], isCareful: false))
    let quarantined = try await careless.takeQuarantined()
    expect.equal(quarantined.map(\.element), [[1, 2, 3, 4]])
    expect.equal(quarantined.flatMap(\.deaths).map(\.elementOffset), [2, 2])
    unread.close()
  },
  "poisonIsBlamedExactly": { root, expect in
    let count = 1_000
    let (sender, receiver) = root.makeChannel(of: Int.self, prefetch: 1_000, attempts: 3)
    let (records, recorded) = root.makeChannel(of: Record.self)
    let collected = Task { try await record(recorded) }
    try await withRecorders(2, in: root, numbers: receiver, records: records, poison: 500) {
      for number in 1...count { try await sender.send(number) }
      sender.finish()
      do {
        try await sender.join()
      } catch let error as ProcessTreeError where error.code == .itemQuarantined {}
    }
    records.finish()
    let seen = try await collected.value
    expect.equal(seen.count, count - 1)
    expect.expect(seen[500] == nil)
    expect.expect(seen.values.allSatisfy { $0 == 1 }, "\(seen.filter { $0.value != 1 })")
    let counts = try await sender.balance
    expect.equal(counts.quarantined, 1)
    expect.equal(counts.acknowledged, count - 1)
    let quarantined = try await sender.takeQuarantined()
    expect.equal(quarantined.map(\.element), [500])
    let deaths = quarantined.flatMap(\.deaths)
    expect.equal(deaths.map { $0.report?.exitCode }, Array(repeating: -SIGKILL, count: 3))
    expect.equal(deaths.map { $0.report?.pid ?? 0 }, deaths.map(\.pid))
    expect.equal(Set(deaths.map(\.pid)).count, 3)
  },
  // `consumersAreKilled ITEMS FAULTS`
  "consumersAreKilled": { root, expect in
    var random = SeededGenerator.announced("consumersAreKilled")
    let count = argument(1, default: 3_000)
    let (sender, receiver) = root.makeChannel(of: Int.self, prefetch: 64, attempts: 1_000)
    let (records, recorded) = root.makeChannel(of: Record.self)
    let collected = Task { try await record(recorded) }
    let seed = random.next()
    let faults = FaultPlan(seed: seed, count: argument(2, default: 150))
    try await withRecorders(
      4, in: root, numbers: receiver, records: records
    ) {
      for number in 1...count { try await sender.send(number) }
      sender.finish()
      try await sender.join()
    } faults: { children in
      try await faults.strike(children)
    }
    records.finish()
    let seen = try await collected.value
    expect.equal(seen.count, count)
    let counts = try await sender.balance
    expect.equal(counts.acknowledged, count)
    expect.equal(counts.pending, 0)
    expect.expect(seen.values.allSatisfy { $0 == 1 })
    expect.expect(faults.done > 0)
    print("\(faults.done) faults, \(counts.redelivered) redelivered")
  },
  // `serversAreKilled ITEMS FAULTS`: a result and its acknowledgement are one frame.
  "serversAreKilled": { root, expect in
    var random = SeededGenerator.announced("serversAreKilled")
    _ = try await root.spawn(Producer(sender: root.makePipe(of: Int.self).sender, count: 0)).join()
    let count = argument(1, default: 5_000)
    let faults = FaultPlan(seed: random.next(), count: argument(2, default: 150))
    let (client, service) = root.makeService(of: Int.self, returning: Int.self, attempts: 1_000)
    let answers = try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 1...4 {
        group.addTask {
          while !Task.isCancelled {
            guard let child = try? await root.spawn(Squarer(service: service)) else { continue }
            if try await child.join() == .exited(0) { return }
          }
        }
      }
      group.addTask {
        while !Task.isCancelled { try? await faults.strike(root.children) }
      }
      let answers = try await ask(client, count)
      client.finish()
      service.close()
      group.cancelAll()
      for child in root.children { child.kill() }
      while (try? await group.next()) != nil {}
      return answers
    }
    expect.equal(answers.count, count)
    expect.expect(zip(1..., answers).allSatisfy { $0 * $0 == $1 })
    expect.expect(faults.done > 0)
    print("\(faults.done) faults")
  },
]

/// Answers with squares.
struct Squarer: NodeProgram {
  var service: Service<Int, Int>

  func run(in node: Node) async throws {
    try await service.serve(limit: 4) { $0 * $0 }
  }
}

/// Asks for the squares of all numbers, 64 at a time.
private func ask(_ client: Client<Int, Int>, _ count: Int) async throws -> [Int] {
  try await withThrowingTaskGroup(of: (Int, Int).self) { group in
    var answers = [Int](repeating: 0, count: count)
    for number in 1...count {
      if number > 64, let (asked, answer) = try await group.next() { answers[asked - 1] = answer }
      group.addTask { (number, try await client.call(number)) }
    }
    for try await (asked, answer) in group { answers[asked - 1] = answer }
    return answers
  }
}
