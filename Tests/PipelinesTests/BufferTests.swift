import ProcessTreeRandomTesting
import Testing

@testable import Pipelines

@Suite struct BufferTests {
  @Test func inputsKeepTheirOrderAndAreTakenWhenTheyAreThere() async throws {
    var random = SeededGenerator.announced("InputBuffer")
    for _ in 0..<iterations(100) {
      let buffer = InputBuffer<Int>()
      let total = random.int(0...300)
      async let added: Void = {
        for number in 0..<total { try await buffer.add(number) }
        buffer.finish()
      }()
      var taken: [Int] = []
      while true {
        let count = random.int(1...20)
        let some = try await buffer.take(count)
        #expect(some.count <= count, "seed \(random.seed)")
        if some.isEmpty { break }
        taken += some
      }
      try await added
      #expect(taken == Array(0..<total), "seed \(random.seed)")
      #expect(try await buffer.take(1) == [])
    }
  }

  @Test func readersAreOnlyALittleAhead() async throws {
    let buffer = InputBuffer<[UInt8]>()
    let large = [UInt8](repeating: 0, count: EnvelopeSizer.bytes)
    let reader = Task {
      var count = 0
      for _ in 0..<100 {
        do {
          try await buffer.add(count < 50 ? [0] : large)
          count += 1
        } catch { break }
      }
      return count
    }
    var taken = 0
    while taken < 50 { taken += try await buffer.take(50).count }
    reader.cancel()
    // As many as were wanted at most, and one that was being added.
    #expect(await reader.value <= taken + 50)
  }

  @Test func whoWaitsWhenTheTaskIsCancelledIsWoken() async {
    let buffer = InputBuffer<Int>()
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
        #expect(bytes < EnvelopeSizer.bytes, "seed \(random.seed)")
        all += part
      }
      #expect(all == items, "seed \(random.seed)")
    }
  }
}
