import ProcessTree
import ProcessTreeRandomTesting
import ProcessTreeScenarios
import ProcessTreeTesting
import Synchronization

/// A number; those that a thousand divides cannot be decoded.
private struct Fussy: Codable, Sendable {
  struct Refusal: Error {}

  var number: Int

  init(number: Int) {
    self.number = number
  }

  init(from decoder: any Decoder) throws {
    number = try decoder.singleValueContainer().decode(Int.self)
    if number.isMultiple(of: 1_000) { throw Refusal() }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(number)
  }
}

private struct Carrier: Codable, Sendable {
  var end: Sender<Int>
}

/// What several tasks have taken from one receiver.
private final class Taken: Sendable {
  private let state = Mutex((numbers: [Int](), refusals: 0))

  var numbers: [Int] { state.withLock(\.numbers) }
  var refusals: Int { state.withLock(\.refusals) }

  /// Takes elements, or batches of them, until the end or until the task is cancelled.
  func takeAll(of receiver: Receiver<Fussy>, inBatches: Bool) async {
    var elements = receiver.makeAsyncIterator()
    var batches = receiver.batches.makeAsyncIterator()
    while true {
      do {
        let next =
          inBatches
          ? try await batches.next().map(Array.init) : try await elements.next().map { [$0] }
        guard let next else { return }
        state.withLock { $0.numbers += next.map(\.number) }
      } catch is CancellationError {
        return
      } catch {
        state.withLock { $0.refusals += 1 }
      }
    }
  }
}

struct Reports: NodeProgram {
  var news: Sender<Int>

  func run(in node: Node) async throws { for number in 1...3 { try await news.send(number) } }
}

/// Takes nothing before its gate is open.
struct GatedSubscriber: NodeProgram {
  var news: Receiver<Int>
  var gate: Receiver<Int>

  func run(in node: Node) async throws -> [Int] {
    for try await _ in gate {}
    var seen: [Int] = []
    for try await number in news { seen.append(number) }
    return seen
  }
}

let sharingScenarios: [String: Scenario] = [
  "whatOneIteratorLeavesTheNextOneFinds": { root, expect in
    let (sender, receiver) = root.makePipe(of: Int.self)
    for number in 1...2_000 { try await sender.send(number) }
    sender.finish()
    var seen: [Int] = []
    for try await number in receiver {
      seen.append(number)
      if seen.count == 3 { break }
    }
    var deliveries = receiver.deliveries.makeAsyncIterator()
    for _ in 1...3 { if let next = try await deliveries.next() { seen.append(next.element) } }
    var batches = receiver.batches.makeAsyncIterator()
    if let batch = try await batches.next() { seen += batch }
    for try await number in receiver { seen.append(number) }
    expect.equal(seen, Array(1...2_000))
  },
  "closedReceiversGiveNothing": { root, expect in
    let (sender, receiver) = root.makePipe(of: Carrier.self)
    var carried: [Receiver<Int>] = []
    for _ in 1...10 {
      let (end, other) = root.makePipe(of: Int.self)
      carried.append(other)
      try await sender.send(Carrier(end: end))
    }
    var iterator = receiver.makeAsyncIterator()
    expect.expect(try await iterator.next() != nil)
    receiver.close()
    expect.expect(try await iterator.next() == nil)
    // Ends that came and were not taken are gone with it, the one that was taken as well.
    for receiver in carried { for try await _ in receiver {} }
    withExtendedLifetime(receiver) {}
  },
  "manyTasksShareAReceiver": { root, expect in
    var random = SeededGenerator.announced("manyTasksShareAReceiver")
    let count = 20_000
    let (sender, receiver) = root.makePipe(of: Fussy.self)
    let taken = Taken()
    let pauses = (0..<count).map { _ in random.int(0...99) == 0 ? random.int(0...300) : 0 }
    let sending = Task {
      for number in 1...count {
        try await sender.send(Fussy(number: number))
        if pauses[number - 1] > 0 {
          try await Task.sleep(for: .microseconds(pauses[number - 1]))
        }
      }
      sender.finish()
    }
    let onLoop = [false, true].map { inBatches in
      Task { await taken.takeAll(of: receiver, inBatches: inBatches) }
    }
    let offLoop = Task.detached { await taken.takeAll(of: receiver, inBatches: false) }
    // Others come and are cancelled.
    for _ in 1...100 {
      let (inBatches, isDetached) = (random.bool(), random.bool())
      let other =
        isDetached
        ? Task.detached { await taken.takeAll(of: receiver, inBatches: inBatches) }
        : Task { await taken.takeAll(of: receiver, inBatches: inBatches) }
      try await Task.sleep(for: .microseconds(random.int(0...2_000)))
      other.cancel()
    }
    try await sending.value
    for task in onLoop + [offLoop] { await task.value }
    expect.equal(taken.refusals, count / 1_000)
    expect.equal(
      taken.numbers.sorted(), (1...count).filter { !$0.isMultiple(of: 1_000) })
  },
  "publishersEndBeforeTheirSubscribersRead": { root, expect in
    let (sender, receiver) = root.makeBroadcast(of: Int.self)
    let (open, gate) = root.makePipe(of: Int.self)
    let subscriber = try await root.spawn(GatedSubscriber(news: receiver, gate: gate))
    receiver.close()
    let publisher = try await root.spawn(Reports(news: sender))
    sender.finish()
    try await publisher.result
    open.finish()
    expect.equal(try await subscriber.result, [1, 2, 3])
  },
]
