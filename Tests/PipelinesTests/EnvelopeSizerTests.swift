import ProcessTreeRandomTesting
internal import ProcessTreeStages
import Testing

@testable import Pipelines

@Suite struct EnvelopeSizerTests {
  /// Envelopes of the size that it wants, at a given cost for each input.
  private func settle(_ sizer: inout BatchSizer, cost: Double, rounds: Int = 60) -> [Int] {
    (0..<rounds).map { _ in
      let count = sizer.next()
      sizer.record(items: count, nanoseconds: UInt64(cost * Double(count)))
      return count
    }
  }

  @Test func beginsWithOneAndGrowsAtMostTwofold() {
    var sizer = BatchSizer(aim: .milliseconds(2), growth: 2, slowerWeight: 1 / 8)
    let sizes = settle(&sizer, cost: 100)
    #expect(sizes[0] == 1)
    for (left, right) in zip(sizes, sizes.dropFirst()) { #expect(right <= left * 2) }
    #expect(sizer.next() == BatchSizer.largest)
  }

  @Test func aimsAtTheTimeWhateverAnInputCosts() {
    var random = SeededGenerator.announced("EnvelopeSizer")
    for _ in 0..<iterations(1_000) {
      var sizer = BatchSizer(aim: .milliseconds(2), growth: 2, slowerWeight: 1 / 8)
      let cost = Double(random.int(1...5_000_000))
      _ = settle(&sizer, cost: cost)
      let ideal = max(1, min(Double(BatchSizer.largest), 2_000_000 / cost))
      #expect(abs(Double(sizer.next()) - ideal) <= max(1, ideal / 50), "seed \(random.seed)")
      // It follows when inputs become dear.
      _ = settle(&sizer, cost: 1_000_000_000, rounds: 40)
      #expect(sizer.next() == 1, "seed \(random.seed)")
    }
  }

  @Test func smallEnvelopesDoNotShrinkLargeOnes() {
    var sizer = BatchSizer(aim: .milliseconds(2), growth: 2, slowerWeight: 1 / 8)
    _ = settle(&sizer, cost: 1_000)
    let count = sizer.next()
    // What there was when nothing more was waiting.
    for _ in 0..<100 { sizer.record(items: 1, nanoseconds: 1_000) }
    #expect(sizer.next() == count)
    sizer.record(items: 0, nanoseconds: 5)
    #expect(sizer.next() == count)
  }
}
