import ProcessTreeRandomTesting
import ProcessTreeSupervision
import Testing

@Suite struct LookupTableTests {
  typealias Origin = LookupTable.Origin
  typealias Neighbour = LookupTable.Neighbour

  @Test func anAnswerGoesBackToTheNeighbourThatAsked() {
    var table = LookupTable()
    let origin = Origin.neighbour(.child(2), 9)
    let number = table.open(from: origin, to: .parent)
    #expect(number == 1)
    // Another node cannot answer in place of the one that was asked.
    #expect(table.answered(1, by: .child(2)) == nil)
    #expect(table.answered(1, by: .parent) == origin)
    #expect(table.answered(1, by: .parent) == nil)
  }

  @Test func tooManyQuestionsAreRefused() {
    var table = LookupTable()
    for _ in 0..<LookupTable.capacity { #expect(table.open(from: .own, to: .parent) != nil) }
    #expect(table.open(from: .own, to: .parent) == nil)
    table.withdraw(1)
    #expect(table.open(from: .own, to: .parent) != nil)
  }

  @Test func onlyOwnQuestionsAreWithdrawn() {
    var table = LookupTable()
    let number = table.open(from: .neighbour(.parent, 1), to: .child(1)) ?? 0
    table.withdraw(number)
    #expect(table.count == 1)
  }

  /// Each question is answered once, fails once, or is forgotten with the node that asked.
  @Test func randomHistoriesAnswerEachQuestionOnce() {
    var random = SeededGenerator.announced("randomHistoriesAnswerEachQuestionOnce")
    for _ in 0..<iterations(400) {
      var table = LookupTable()
      var open: [UInt64: (origin: Origin, way: Neighbour)] = [:]
      for turn in 0..<UInt64(80) {
        let (one, other) = (neighbour(&random), neighbour(&random))
        switch Int.random(in: 0..<5, using: &random) {
        case 0, 1, 2:
          let origin: Origin =
            Int.random(in: 0..<3, using: &random) == 0 ? .own : .neighbour(one, turn)
          guard let number = table.open(from: origin, to: other) else { continue }
          #expect(open.updateValue((origin, other), forKey: number) == nil)
        case 3:
          let number = UInt64.random(in: 0...turn, using: &random)
          let expected = open[number].flatMap { $0.way == one ? $0.origin : nil }
          #expect(table.answered(number, by: one) == expected)
          if expected != nil { open[number] = nil }
        default:
          open = open.filter { _, question in
            if case .neighbour(one, _) = question.origin { false } else { true }
          }
          let failed = table.lost(one)
          let expected = open.filter { $0.value.way == one }.keys.sorted()
          #expect(failed.map(\.number) == expected)
          #expect(failed.map(\.origin) == expected.compactMap { open[$0]?.origin })
          for number in expected { open[number] = nil }
        }
        #expect(table.count == open.count)
      }
    }
  }

  private func neighbour(_ random: inout SeededGenerator) -> Neighbour {
    let number = UInt32.random(in: 0...3, using: &random)
    return number == 0 ? .parent : .child(number)
  }
}
