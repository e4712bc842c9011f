import ProcessTreeRandomTesting
internal import ProcessTreeStages
import Synchronization
import Testing

@testable import Pipelines

@Suite struct BufferTests {
  /// Numbers from 0 on, and how many have been read.
  private struct Numbers: AsyncSequence, Sendable {
    struct Broken: Error {}

    let total: Int
    var fails = false
    let read: Counter

    final class Counter: Sendable {
      let count = Atomic(0)
    }

    struct AsyncIterator: AsyncIteratorProtocol {
      let numbers: Numbers
      var next = 0

      mutating func next() async throws -> Int? {
        if next % 7 == 0 { await Task.yield() }
        guard next < numbers.total else {
          if numbers.fails { throw Broken() }
          return nil
        }
        defer { next += 1 }
        numbers.read.count.add(1, ordering: .relaxed)
        return next
      }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(numbers: self) }
  }

  @Test(arguments: [true, false])
  func inputsKeepTheirOrderAndAreTakenWhenTheyAreThere(_ readsAhead: Bool) async throws {
    var random = SeededGenerator.announced("InputBuffer")
    for _ in 0..<iterations(100) {
      let buffer = InputBuffer<Int>(readsAhead: readsAhead)
      let numbers = Numbers(
        total: random.int(0...300), fails: random.bool(), read: Numbers.Counter())
      let filling = Task { await buffer.fill(from: numbers) { $0 } }
      var taken: [Int] = []
      var ended = false
      while !ended {
        let count = random.int(1...20)
        do {
          let some = try await buffer.take(count)
          #expect(some.count <= count, "seed \(random.seed)")
          taken += some
          ended = some.isEmpty
          #expect(!ended || !numbers.fails, "seed \(random.seed)")
        } catch {
          #expect(error is Numbers.Broken && numbers.fails, "seed \(random.seed)")
          ended = true
        }
        let ahead = numbers.read.count.load(ordering: .relaxed) - taken.count
        #expect(ahead <= (readsAhead ? 20 : 19), "seed \(random.seed)")
      }
      await filling.value
      #expect(taken == Array(0..<numbers.total), "seed \(random.seed)")
    }
  }

  /// What nobody has asked for is not read.
  @Test func readersThatDoNotReadAheadWaitForDemand() async throws {
    let buffer = InputBuffer<Int>(readsAhead: false)
    let numbers = Numbers(total: 100, read: Numbers.Counter())
    let filling = Task { await buffer.fill(from: numbers) { $0 } }
    var taken = 0
    while taken < 60 {
      let count = min(7, 60 - taken)
      taken += try await buffer.take(count).count
    }
    filling.cancel()
    await filling.value
    #expect(numbers.read.count.load(ordering: .relaxed) <= 60 + 6)
  }

  @Test func largeInputsAreNotReadFarAhead() async throws {
    let buffer = InputBuffer<[UInt8]>(readsAhead: true)
    let numbers = Numbers(total: 100, read: Numbers.Counter())
    let filling = Task {
      await buffer.fill(from: numbers) { number in
        [UInt8](repeating: 0, count: number < 50 ? 1 : ChunkLimits.bytes)
      }
    }
    var taken = 0
    while taken < 50 { taken += try await buffer.take(50 - taken).count }
    for _ in 0..<100 { await Task.yield() }
    filling.cancel()
    await filling.value
    #expect(numbers.read.count.load(ordering: .relaxed) <= 51)
  }

  @Test func aTaskThatWaitsWhenItIsCancelledIsWoken() async {
    let buffer = InputBuffer<Int>(readsAhead: true)
    let taker = Task { try await buffer.take(1) }
    taker.cancel()
    await #expect(throws: CancellationError.self) { try await taker.value }
    let handoff = Handoff<Int>()
    let giver = Task {
      for number in 0..<3 { try await handoff.give([number]) }
    }
    giver.cancel()
    await #expect(throws: CancellationError.self) { try await giver.value }
  }

  @Test func handedOverBatchesKeepTheirOrder() async throws {
    let handoff = Handoff<Int>()
    let giver = Task {
      for number in 0..<1_000 { try await handoff.give(number % 3 == 0 ? [] : [number, -number]) }
      handoff.finish(.success(()))
    }
    var taken: [Int] = []
    while let some = try await handoff.take() { taken += some }
    try await giver.value
    #expect(taken == (0..<1_000).filter { $0 % 3 != 0 }.flatMap { [$0, -$0] })
  }

  @Test func partsHoldAllAndAreSmall() {
    var random = SeededGenerator.announced("EnvelopeParts")
    for _ in 0..<iterations(50) {
      let items = (0..<random.int(0...2_000)).map { _ in
        String(repeating: "x", count: random.int(0...60) == 0 ? 100_000 : 3)
      }
      var parts = EnvelopeParts(items)
      var all: [String] = []
      while let part = parts.next() {
        let bytes = part.dropLast().reduce(0) { $0 + $1.utf8.count }
        #expect(!part.isEmpty && part.count <= 1_024, "seed \(random.seed)")
        #expect(bytes < ChunkLimits.bytes, "seed \(random.seed)")
        all += part
      }
      #expect(all == items, "seed \(random.seed)")
    }
  }
}
