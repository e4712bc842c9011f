import ProcessTreeRandomTesting
import ProcessTreeSupervision
import Testing

@Suite struct NameTableTests {
  @Test func aSupervisedChildKeepsItsPlaceThroughItsLives() {
    var table = NameTable()
    table.supervise("till", by: 1)
    #expect(table.find(name: "till", position: nil) == .place(.supervised("till")))
    #expect(table.standing(of: .supervised("till")) == NameTable.Standing())
    table.began("till", incarnation: 1, at: 4)
    table.ended("till", incarnation: 1)
    #expect(table.standing(of: .supervised("till")) == NameTable.Standing(incarnation: 1))
    table.began("till", incarnation: 2, at: 5)
    // The end of the first life is heard of late.
    table.ended("till", incarnation: 1)
    #expect(table.standing(of: .supervised("till"))?.live == 5)
  }

  @Test func aNameAloneIsEnoughIfOneChildHasIt() {
    var table = NameTable()
    table.began(1, name: "worker", automatic: "Process-1")
    #expect(table.find(name: "worker", position: nil) == .place(.position(1)))
    table.began(2, name: "worker", automatic: "Process-2")
    table.began(3, name: nil, automatic: "Process-3")
    #expect(table.find(name: "worker", position: nil) == .ambiguous([1, 2]))
    #expect(table.find(name: "worker", position: 2) == .place(.position(2)))
    #expect(table.find(name: "other", position: 2) == .unknown(["worker#1", "worker#2", "#3"]))
    #expect(table.find(name: "Process-3", position: nil) == .place(.position(3)))
    // The automatic name of a child that was given another one is not its name.
    #expect(table.find(name: "Process-1", position: nil) != .place(.position(1)))
    table.supervise("worker", by: 1)
    #expect(table.find(name: "worker", position: nil) == .place(.supervised("worker")))
  }

  @Test func oneSupervisorDoesNotTakeTheNamesOfAnother() {
    var table = NameTable()
    table.supervise("a", by: 1)
    table.supervise("a", by: 2)
    #expect(table.firstTaken(of: ["b", "a"], for: 2) == "a")
    #expect(table.firstTaken(of: ["a"], for: 1) == nil)
    table.forget("a", of: 2)
    #expect(table.names(of: 1) == ["a"])
    table.forget("a", of: 1)
    #expect(table.find(name: "a", position: nil) == .unknown([]))
  }

  /// A list of the children that are there, which finds by looking at all of them.
  private struct Model {
    struct Loose {
      let position: UInt32
      let name: String?
    }

    var supervised: [(name: String, owner: Int, standing: NameTable.Standing)] = []
    var loose: [Loose] = []

    func places(_ name: String?, _ position: UInt32?) -> [NameTable.Place] {
      if let position {
        return loose.filter { $0.position == position && (name == nil || $0.name == name) }
          .map { .position($0.position) }
      }
      let kept = supervised.filter { $0.name == name }.map { NameTable.Place.supervised($0.name) }
      guard kept.isEmpty else { return kept }
      return loose.filter { ($0.name ?? "Process-\($0.position)") == name }
        .map { .position($0.position) }
    }
  }

  @Test func randomHistoriesAgreeWithAList() {
    var random = SeededGenerator.announced("randomHistoriesAgreeWithAList")
    for _ in 0..<iterations(400) {
      var (table, model) = (NameTable(), Model())
      var position: UInt32 = 0
      for _ in 0..<60 {
        step(&table, &model, &position, &random)
        let name = Bool.random(using: &random) ? name(&random) : nil
        let at =
          name == nil || Bool.random(using: &random)
          ? UInt32.random(in: 1...20, using: &random) : nil
        let places = model.places(name, at)
        switch table.find(name: name, position: at) {
        case .place(let place): #expect(places == [place])
        case .ambiguous(let positions):
          #expect(places.count > 1 && Set(places) == Set(positions.map { .position($0) }))
        case .unknown: #expect(places.isEmpty)
        }
        for child in model.supervised {
          #expect(table.standing(of: .supervised(child.name)) == child.standing)
        }
      }
    }
  }

  private func name(_ random: inout SeededGenerator) -> String {
    ["a", "b", "Process-3", "Process-5"].randomElement(using: &random) ?? "a"
  }

  private func step(
    _ table: inout NameTable, _ model: inout Model, _ position: inout UInt32,
    _ random: inout SeededGenerator
  ) {
    let name = name(&random)
    let owner = Int.random(in: 1...2, using: &random)
    let index = model.supervised.firstIndex { $0.name == name }
    switch Int.random(in: 0..<7, using: &random) {
    case 0:
      table.supervise(name, by: owner)
      if index == nil { model.supervised.append((name, owner, .init())) }
    case 1:
      table.forget(name, of: owner)
      model.supervised.removeAll { $0.name == name && $0.owner == owner }
    case 2:
      position += 1
      guard let index else { return }
      let life = model.supervised[index].standing.incarnation + 1
      table.began(name, incarnation: life, at: position)
      model.supervised[index].standing = .init(incarnation: life, live: position)
    case 3:
      let life = Int.random(in: 0...4, using: &random)
      table.ended(name, incarnation: life)
      guard let index, model.supervised[index].standing.incarnation == life else { return }
      model.supervised[index].standing.live = nil
    case 4:
      let reason = Bool.random(using: &random) ? "failed" : nil
      table.close(name, because: reason)
      if let index { model.supervised[index].standing.ending = reason }
    case 5:
      position += 1
      let given = Bool.random(using: &random) ? name : nil
      table.began(position, name: given, automatic: "Process-\(position)")
      model.loose.append(.init(position: position, name: given))
    default:
      let ended = UInt32.random(in: 1...20, using: &random)
      table.ended(ended)
      model.loose.removeAll { $0.position == ended }
    }
  }
}
