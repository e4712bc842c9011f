import ProcessTreeRandomTesting
import Testing

@testable import Pipelines

@Suite struct SuspectsTests {
  private let envelope = EnvelopeID(stream: 0, number: 1)

  private func suspicion(
    _ deaths: [(consumer: Int, item: Int)], count: Int = 12, first: UInt64? = nil
  ) -> Suspicion {
    Suspicion(
      envelope: envelope, count: count,
      suspects: deaths.map { death in
        Suspect(
          consumer: death.consumer, item: death.item,
          input: first.map { $0 + UInt64(death.item) })
      })
  }

  /// Workers process an envelope in which some items end every worker, while the run stops others
  /// in their work: exactly the items that end workers are given up.
  @Test func exactlyTheGuiltyAreGivenUp() {
    var random = SeededGenerator.announced("Suspects")
    for _ in 0..<iterations(1_000) {
      let items = (0..<random.int(1...12)).map { _ in random.int(0...3) == 0 }
      var suspects = Suspects<Int>(limit: 3, isPartitioned: false)
      var deaths: [(consumer: Int, item: Int)] = []
      var givenUp: [Int] = []
      var processed: [Int]?
      var consumer = 0
      while processed == nil, consumer < 400 {
        consumer += 1
        guard let verdict = suspects.judge(suspicion(deaths), worker: 0) else {
          Issue.record("all ends are known, seed \(random.seed)")
          return
        }
        for given in verdict.givenUp {
          #expect(given.deaths.count == 3, "seed \(random.seed)")
          givenUp.append(given.suspect.item)
        }
        let rest = items.indices.filter { !verdict.skipped.contains($0) }
        let isStopped = random.int(0...3) == 0
        guard
          let item = isStopped
            ? rest.randomElement(using: &random) : rest.first(where: { items[$0] })
        else {
          processed = rest
          continue
        }
        deaths.append((consumer, item))
        suspects.end(of: consumer, isStopped ? nil : consumer)
      }
      let guilty = items.indices.filter { items[$0] }
      #expect(givenUp.sorted() == guilty, "seed \(random.seed)")
      #expect(processed == items.indices.filter { !items[$0] }, "seed \(random.seed)")
    }
  }

  @Test func aVerdictWaitsForTheEndsOfAllWhoDied() {
    var suspects = Suspects<Int>(limit: 2, isPartitioned: false)
    suspects.end(of: 1, 1)
    let early = suspects.judge(suspicion([(1, 4), (2, 4)]), worker: 0)
    #expect(early == nil)
    suspects.end(of: 2, 2)
    let verdict = suspects.judge(suspicion([(1, 4), (2, 4)]), worker: 0)
    #expect(verdict?.skipped == [4] && verdict?.givenUp.map(\.deaths) == [[1, 2]])
    let again = suspects.judge(suspicion([(1, 4), (2, 4)]), worker: 1)
    #expect(again?.skipped == [4] && again?.givenUp.isEmpty == true)
  }

  /// An envelope comes once whole and once without its first item: each version has deaths of its
  /// own.
  @Test(arguments: [(2, 1, 7, 8), (2, 1, nil, nil), (3, 3, 7, 8)])
  func aVersionOfAnEnvelopeSaysNothingAboutAnother(
    _ whole: Int, _ rest: Int, _ first: UInt64?, _ second: UInt64?
  ) {
    var suspects = Suspects<Int>(limit: 2, isPartitioned: false)
    for consumer in 1...4 { suspects.end(of: consumer, consumer) }
    let shorter = suspects.judge(
      suspicion([(1, 0), (2, 0)], count: rest, first: second), worker: 0)
    #expect(shorter?.skipped == [0] && shorter?.givenUp.count == 1)
    let early = suspects.judge(suspicion([(3, 0)], count: whole, first: first), worker: 0)
    #expect(early?.skipped == [] && early?.givenUp.isEmpty == true)
    let late = suspects.judge(suspicion([(3, 0), (4, 0)], count: whole, first: first), worker: 0)
    #expect(late?.skipped == [0] && late?.givenUp.count == 1)
  }

  @Test func lanesHaveEnvelopesOfTheirOwn() {
    var suspects = Suspects<Int>(limit: 1, isPartitioned: true)
    suspects.end(of: 1, 1)
    for worker in 1...2 {
      let verdict = suspects.judge(suspicion([(1, 4)]), worker: worker)
      #expect(verdict?.givenUp.count == 1)
    }
  }

  @Test func endsThatAreForgottenProveNothing() {
    var suspects = Suspects<Int>(limit: 1, isPartitioned: false)
    for consumer in 1...4_097 { suspects.end(of: consumer, consumer) }
    let old = suspects.judge(suspicion([(1, 4)]), worker: 0)
    let known = suspects.judge(suspicion([(2, 4)]), worker: 0)
    #expect(old?.skipped == [] && known?.skipped == [4])
  }
}
