import ProcessTreeRandomTesting
import Testing

@testable import Pipelines

@Suite struct EnvelopeSizerTests {
  /// Envelopes of the size that it wants, at a given cost for each input.
  private func settle(_ sizer: inout EnvelopeSizer, cost: Double, rounds: Int = 60) -> [Int] {
    (0..<rounds).map { _ in
      let count = sizer.count
      sizer.record(inputs: count, cost: UInt64(cost * Double(count)))
      return count
    }
  }

  @Test func beginsWithOneAndGrowsAtMostTwofold() {
    var sizer = EnvelopeSizer()
    let sizes = settle(&sizer, cost: 100)
    #expect(sizes[0] == 1)
    for (left, right) in zip(sizes, sizes.dropFirst()) { #expect(right <= left * 2) }
    #expect(sizer.count == EnvelopeSizer.largest)
  }

  @Test func aimsAtTheTimeWhateverAnInputCosts() {
    var random = SeededGenerator.announced("EnvelopeSizer")
    for _ in 0..<iterations(1_000) {
      var sizer = EnvelopeSizer()
      let cost = Double(random.int(1...5_000_000))
      _ = settle(&sizer, cost: cost)
      let ideal = max(1, min(Double(EnvelopeSizer.largest), EnvelopeSizer.aim / cost))
      #expect(abs(Double(sizer.count) - ideal) <= max(1, ideal / 50), "seed \(random.seed)")
      // It follows when inputs become dear.
      _ = settle(&sizer, cost: 1_000_000_000, rounds: 40)
      #expect(sizer.count == 1, "seed \(random.seed)")
    }
  }

  @Test func smallEnvelopesDoNotShrinkLargeOnes() {
    var sizer = EnvelopeSizer()
    _ = settle(&sizer, cost: 1_000)
    let count = sizer.count
    // What there was when nothing more was waiting.
    for _ in 0..<100 { sizer.record(inputs: 1, cost: 1_000) }
    #expect(sizer.count == count)
    sizer.record(inputs: 0, cost: 5)
    #expect(sizer.count == count)
  }

  @Test func knowsTheSizeOfTextsAndBytes() {
    #expect(EnvelopeSizer.bytes(of: "grün") == 5)
    #expect(EnvelopeSizer.bytes(of: [UInt8](repeating: 0, count: 1_000)) == 1_000)
    #expect(EnvelopeSizer.bytes(of: 7) == 8)
  }
}
