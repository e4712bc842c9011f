import ProcessTreeRandomTesting
import Testing

@testable import Pipelines

@Suite struct SuspectsTests {
  /// Workers process envelopes in which some items end every worker: exactly those are given up.
  @Test func exactlyTheGuiltyAreGivenUp() {
    var random = SeededGenerator.announced("Suspects")
    for _ in 0..<iterations(1_000) {
      let envelope = (0..<random.int(1...12)).map { _ in random.int(0...3) == 0 }
      var suspects = Suspects<Int>(limit: 3, isPartitioned: false)
      var givenUp: Set<Int> = []
      var deaths = 0
      var processed: [Int]?
      // The first death names nothing.
      let first = suspects.begin(mark(nil), worker: 0)
      #expect(!first.isItemByItem)
      suspects.pass(worker: 0)
      while processed == nil, deaths < 200 {
        let worker = random.int(0...2)
        let whole = suspects.begin(mark(envelope.count == 1 ? 0 : nil), worker: worker)
        var done: [Int] = []
        var hasDied = false
        for item in envelope.indices where !whole.skipped.contains(item) {
          if whole.isItemByItem { _ = suspects.begin(mark(item), worker: worker) }
          if envelope[item] {
            hasDied = true
            break
          }
          done.append(item)
        }
        if !hasDied {
          suspects.pass(worker: worker)
          processed = done
          continue
        }
        deaths += 1
        if case .givenUp(let mark, let all) = suspects.die(worker: worker, deaths) {
          #expect(all.count == 3)
          let isNew = givenUp.insert(mark.item ?? -1).inserted
          #expect(isNew, "seed \(random.seed)")
        }
      }
      let guilty = envelope.indices.filter { envelope[$0] }
      #expect(givenUp == Set(guilty), "seed \(random.seed)")
      #expect(processed == envelope.indices.filter { !envelope[$0] }, "seed \(random.seed)")
    }
  }

  private func mark(_ item: Int?) -> Mark {
    Mark(envelope: EnvelopeID(stream: 0, number: 1), item: item)
  }

  @Test func whoHasPassedIsNotSuspected() {
    var suspects = Suspects<Int>(limit: 3, isPartitioned: false)
    _ = suspects.begin(mark(0), worker: 1)
    suspects.pass(worker: 1)
    guard case .nothingNamed = suspects.die(worker: 1, 1) else {
      Issue.record("an envelope was suspected that had been processed")
      return
    }
  }

  @Test func lanesHaveEnvelopesOfTheirOwn() {
    var suspects = Suspects<Int>(limit: 3, isPartitioned: true)
    _ = suspects.begin(mark(nil), worker: 1)
    _ = suspects.die(worker: 1, 1)
    let same = suspects.begin(mark(nil), worker: 1)
    let other = suspects.begin(mark(nil), worker: 2)
    #expect(same.isItemByItem && !other.isItemByItem)
  }
}
