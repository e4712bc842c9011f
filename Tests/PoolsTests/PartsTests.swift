import ProcessTreeRandomTesting
internal import ProcessTreeStages
import Testing

@testable import Pools

@Suite struct BatchSizerTests {
  @Test func growsByFourUntilABatchFillsItsTime() {
    var sizer = BatchSizer(aim: .microseconds(500), growth: 4)
    var sizes: [Int] = []
    for _ in 0..<10 {
      sizes.append(sizer.next())
      sizer.record(items: sizes.last ?? 1, nanoseconds: (sizes.last ?? 1) * 1_000)
    }
    #expect(sizes == [1, 4, 16, 64, 256, 500, 500, 500, 500, 500])
  }

  @Test func aKnownNumberBeginsWithMore() {
    let sizer = BatchSizer(aim: .microseconds(500), growth: 4, first: 80)
    #expect(sizer.next() == 80)
    #expect(BatchSizer(aim: .microseconds(500), growth: 4, limit: 9, first: 80).next() == 9)
  }

  @Test func aLargerBatchTellsMoreOfAnInput() {
    var sizer = BatchSizer(aim: .microseconds(500), growth: 100)
    // What a batch costs by itself, and ten nanoseconds for each input.
    for _ in 0..<4 {
      let size = sizer.next()
      sizer.record(items: size, nanoseconds: 20_000 + 10 * size)
    }
    #expect(sizer.next() == BatchSizer.largest)
  }

  @Test func slowItemsTravelAlone() {
    var sizer = BatchSizer(aim: .microseconds(500), growth: 4)
    sizer.record(items: 1, nanoseconds: 2_000_000)
    #expect(sizer.next() == 1)
    #expect(!sizer.isShort)
  }

  @Test func aSlowerBatchCountsAtOnce() {
    var sizer = BatchSizer(aim: .microseconds(500), growth: 4)
    for _ in 0..<8 { sizer.record(items: 500, nanoseconds: 500_000) }
    #expect(sizer.next() == 500)
    sizer.record(items: 500, nanoseconds: 500_000_000)
    #expect(sizer.next() == 1)
  }

  @Test func batchesShrinkTowardsTheEnd() {
    var sizer = BatchSizer(aim: .microseconds(500), growth: 4)
    for _ in 0..<8 { sizer.record(items: 8_000, nanoseconds: 8_000_000) }
    #expect(sizer.next(remaining: 100_000, workers: 2) == 500)
    #expect(sizer.next(remaining: 1_000, workers: 2) == 250)
    // Not below what is worth a journey.
    #expect(sizer.next(remaining: 10, workers: 2) == 62)
  }

  @Test func neverExceedsItsLimit() {
    var sizer = BatchSizer(aim: .microseconds(500), growth: 4, limit: 10)
    for _ in 0..<8 { sizer.record(items: 10, nanoseconds: 10) }
    #expect(sizer.next() == 10)
    var free = BatchSizer(aim: .microseconds(500), growth: 4)
    for _ in 0..<12 { free.record(items: free.next(), nanoseconds: 1) }
    #expect(free.next() == BatchSizer.largest)
  }
}

@Suite struct JobPolicyTests {
  @Test func waitsDoubleUpToABoundAndDependOnChance() {
    let policy = JobPolicy(
      attempts: 9, backoff: .milliseconds(100), longestBackoff: .milliseconds(350))
    #expect(
      (1...4).map { policy.delay(after: $0, jitter: 1) }
        == [.milliseconds(100), .milliseconds(200), .milliseconds(350), .milliseconds(350)])
    #expect(policy.delay(after: 1, jitter: 0) == .milliseconds(50))
    #expect(policy.delay(after: 1_000, jitter: 5) == .milliseconds(350))
    #expect(JobPolicy().delay(after: 3, jitter: 1) == .zero)
  }
}

@Suite struct StoreTests {
  @Test func turnsComeInOrderAndElementsLeaveBeforeThem() {
    var random = SeededGenerator.announced("Turns")
    for _ in 0..<iterations(100) {
      var turns = Turns<Int>()
      var model: [Int] = []
      for _ in 0..<400 {
        let element = random.int(0...80)
        switch random.int(0...4) {
        case 0, 1:
          turns.append(element)
          if !model.contains(element) { model.append(element) }
        case 2, 3:
          turns.remove(element)
          model.removeAll { $0 == element }
        default:
          #expect(turns.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
        }
        #expect(turns.first == model.first && turns.count == model.count)
      }
      #expect(turns.all == model)
    }
  }

  @Test func inputsAreThereUntilTheyAreSettled() {
    var random = SeededGenerator.announced("inputsAreThereUntilTheyAreSettled")
    for _ in 0..<iterations(200) {
      var store = InputStore<Int>()
      var open: [Range<Int>] = []
      for _ in 0..<60 {
        if random.bool() {
          let start = store.count
          let count = random.int(0...20)
          store.append(Array(start..<(start + count)))
          // Adjacent ranges may be asked for as one.
          if let last = open.last, last.upperBound == start, random.bool() {
            open[open.count - 1] = last.lowerBound..<(start + count)
          } else if count > 0 {
            open.append(start..<(start + count))
          }
        } else if let index = open.indices.randomElement(using: &random) {
          let range = open[index]
          #expect(store.inputs(in: range) == Array(range))
          let middle = random.int(range.lowerBound...range.upperBound)
          store.settle(range.lowerBound..<middle)
          open[index] = middle..<range.upperBound
          if open[index].isEmpty { open.remove(at: index) }
        }
      }
      for range in open { #expect(store.inputs(in: range) == Array(range)) }
    }
  }

  @Test func resultsComeInTheOrderOfInputsOrOfCompletion() {
    var ordered = ResultStore<Int>(.ofInputs)
    var completed = ResultStore<Int>(.ofCompletion)
    for start in [4, 0, 2] {
      let segment = ResultSegment(start: start, count: 2, outputs: [start, start + 1])
      ordered.add(segment)
      completed.add(segment)
    }
    #expect((0..<3).compactMap { _ in ordered.takeNext()?.start } == [0, 2, 4])
    #expect((0..<3).compactMap { _ in completed.takeNext()?.start } == [4, 0, 2])
    #expect(!ordered.hasNext && !completed.hasNext)
  }

  @Test func outputsAreJoinedInTheOrderOfTheirInputs() {
    var joined = JoinedOutputs<Int>(count: 5)
    func add(_ start: Int, _ outputs: [Int], _ counts: [Int]? = nil) {
      joined.add(
        ResultSegment(
          start: start, count: counts?.count ?? outputs.count, outputs: outputs, counts: counts))
    }
    add(2, [12, 13])
    #expect(joined.outputs.isEmpty)
    add(0, [10, 11])
    #expect(joined.outputs == [10, 11, 12, 13])
    add(5, [15])
    // An input without an output has its place all the same.
    add(4, [], [0])
    #expect(joined.outputs == [10, 11, 12, 13, 15])
  }

  @Test func moreInputsThanThereIsMemoryForAreNoReasonToEnd() {
    var joined = JoinedOutputs<Int>(count: .max)
    joined.add(ResultSegment(start: 0, count: 1, outputs: [7]))
    #expect(joined.outputs == [7])
  }

  @Test func outputsKnowTheirInputs() {
    let segment = ResultSegment(start: 5, count: 3, outputs: ["a", "b", "c"], counts: [2, 0, 1])
    #expect(segment.origins == [5, 5, 7])
    #expect(ResultSegment(start: 5, count: 2, outputs: ["a", "b"]).origins == [5, 6])
  }

  @Test func bytesAreCountedWhereThatIsCheap() {
    #expect(ByteEstimate().bytes(of: "abc") == 8)
    #expect(ByteEstimate().bytes(of: "grün") == 10)
    #expect(ByteEstimate().bytes(of: [UInt8](repeating: 0, count: 100)) == 105)
    #expect(ByteEstimate().bytes(of: [1.0, 2.0]) == 21)
    #expect(ByteEstimate().bytes(of: ["abc", "abc"]) == 21)
    #expect(ByteEstimate().bytes(of: Set([7])) == 13)
    #expect(ByteEstimate().bytes(of: 7) == 8)
    #expect(ByteEstimate<Int>().isFixed && !ByteEstimate<String>().isFixed)
  }

  @Test func theKernelsLineOnMemoryIsRead() {
    #expect(ResidentMemory.pages(in: "1234 567 89 1 0 2 0\n") == 567)
    #expect(ResidentMemory.pages(in: "odd") == 0)
    #expect(ResidentMemory.bytes() > 1 << 20)
  }
}
