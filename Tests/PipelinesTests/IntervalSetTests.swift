import ProcessTreeRandomTesting
import Testing

@testable import Pipelines

@Suite struct IntervalSetTests {
  @Test func behavesAsASetOfNumbers() {
    var random = SeededGenerator.announced("IntervalSet")
    for _ in 0..<iterations(1_000) {
      var set = IntervalSet()
      var model: Set<UInt64> = []
      let span = UInt64(random.int(1...60))
      for _ in 0..<random.int(0...80) {
        let number = UInt64.random(in: 0..<span, using: &random)
        #expect(set.contains(number) == model.contains(number), "seed \(random.seed)")
        let isNew = set.insert(number)
        #expect(isNew == model.insert(number).inserted, "seed \(random.seed)")
      }
      #expect(set.count == UInt64(model.count), "seed \(random.seed)")
      #expect(Set(set.ranges.flatMap { Array($0) }) == model, "seed \(random.seed)")
      for (left, right) in zip(set.ranges, set.ranges.dropFirst()) {
        #expect(left.upperBound < right.lowerBound, "seed \(random.seed)")
      }
    }
  }

  @Test func numbersInARowAreOneRange() {
    var set = IntervalSet()
    let areNew = (UInt64(0)..<100_000).map { set.insert($0) }
    #expect(areNew.allSatisfy(\.self) && set.ranges == [0..<100_000])
  }

  @Test func streamsAreCountedApart() {
    var taken = TakenEnvelopes()
    let areNew = [0, 3, 3].map { taken.insert(EnvelopeID(stream: $0, number: 7)) }
    #expect(areNew == [true, true, false])
    #expect(taken.count(of: 0) == 1 && taken.count(of: 3) == 1 && taken.count(of: 1) == 0)
  }
}
