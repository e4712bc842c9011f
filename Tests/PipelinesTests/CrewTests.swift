import ProcessTreeRandomTesting
import Testing

@testable import Pipelines

@Suite struct CrewTests {
  @Test func theFirstPlacesAreWanted() {
    var crew = Crew(count: 2, most: 4)
    #expect(crew.begin() == .init(start: [0, 1]))
    #expect(crew.resize(to: 4) == .init(start: [2, 3]))
    #expect(crew.resize(to: 4) == .init())
    #expect(crew.resize(to: 1) == .init(stop: [1, 2, 3]))
    #expect(crew.isLeaving(2) && !crew.isLeaving(0))
    // Wanted again before it has gone: it goes, and another one begins.
    #expect(crew.resize(to: 2) == .init())
    #expect(crew.leave(1) == .init(start: [1]))
    #expect(crew.leave(2) == .init())
    #expect(crew.count == 2)
  }

  @Test func whatMayHaveBeenSaidInPartIsSaidInFull() {
    var crew = Crew(count: 3, most: 3)
    _ = crew.begin()
    _ = crew.resize(to: 1)
    // One goes before the input's end, one after it.
    #expect(crew.leave(1) == .init())
    crew.feedEnded()
    #expect(crew.leave(2) == .init() && !crew.isOver)
    #expect(crew.finish(0) == .init(start: [2]) && !crew.isOver)
    #expect(crew.resize(to: 3) == .init() && crew.count == 1)
    #expect(crew.finish(2) == .init() && crew.isOver)
  }

  /// Workers take, are asked to stop, go and die in any order, while their number changes: every item
  /// finds a worker, and whoever began to speak at the end has a successor who ends.
  @Test func everyItemFindsAWorker() {
    var random = SeededGenerator.announced("Crew")
    for _ in 0..<iterations(1_000) {
      var stage = SimulatedStage(&random)
      for _ in 0..<random.int(0...150) { stage.step(&random) }
      stage.isFinal = true
      var steps = 0
      while !stage.crew.isOver, steps < 10_000 {
        stage.step(&random)
        steps += 1
      }
      #expect(stage.faults.isEmpty, "\(stage.faults), seed \(random.seed)")
      #expect(stage.crew.isOver && stage.working.isEmpty, "seed \(random.seed)")
      #expect(stage.processed == Set(0..<stage.items), "seed \(random.seed)")
      #expect(stage.speaking.isEmpty, "\(stage.speaking), seed \(random.seed)")
    }
  }
}

/// A stage whose workers do in any order what they can do.
private struct SimulatedStage {
  let most: Int
  let items: Int
  var crew: Crew
  var processed: Set<Int> = []
  var working: Set<Int> = []
  /// Who has begun to say what a worker says at its end, and has not been succeeded by one that ended.
  var speaking: Set<Int> = []
  /// Whether no number is set any more and nobody dies.
  var isFinal = false
  var faults: [String] = []
  private var asked: Set<Int> = []
  private var ended: Set<Int> = []
  private var fed = 0
  private var isFed = false
  private var queue: [Int] = []
  private var leases: [Int: [Int]] = [:]

  init(_ random: inout SeededGenerator) {
    most = random.int(1...6)
    items = random.int(0...40)
    crew = Crew(count: random.int(1...most), most: most)
    obey(crew.begin())
  }

  mutating func step(_ random: inout SeededGenerator) {
    let worker = working.sorted().randomElement(using: &random)
    switch random.int(0...9) {
    case 0 where !isFinal: obey(crew.resize(to: random.int(1...most)))
    case 1, 2: feed()
    case 3, 4:
      if let worker, let item = queue.popLast() { leases[worker, default: []].append(item) }
    case 5, 6:
      if let worker, let item = leases[worker]?.popLast() { processed.insert(item) }
    case 7:
      if let worker { end(worker) }
    case 8:
      if let worker = asked.sorted().randomElement(using: &random) { vanish(worker) }
    default:
      if let worker, !isFinal { vanish(worker) }
    }
    check()
  }

  private mutating func feed() {
    if fed < items {
      queue.append(fed)
      fed += 1
    } else if !isFed {
      isFed = true
      crew.feedEnded()
    }
  }

  /// A worker that finds nothing to take speaks, and later ends; others may still have items.
  private mutating func end(_ worker: Int) {
    guard isFed, queue.isEmpty, leases[worker, default: []].isEmpty else { return }
    guard !speaking.insert(worker).inserted else { return }
    working.remove(worker)
    asked.remove(worker)
    speaking.remove(worker)
    ended.insert(worker)
    obey(crew.finish(worker))
  }

  /// A worker's process ends, because it was asked to or was killed.
  private mutating func vanish(_ worker: Int) {
    queue += leases.removeValue(forKey: worker) ?? []
    guard crew.isLeaving(worker) else { return }
    if !asked.contains(worker) { faults.append("\(worker) leaves and was not asked") }
    working.remove(worker)
    asked.remove(worker)
    obey(crew.leave(worker))
  }

  private mutating func obey(_ orders: Crew.Orders) {
    for worker in orders.start where !working.insert(worker).inserted || ended.contains(worker) {
      faults.append("\(worker) was started twice")
    }
    for worker in orders.stop where !working.contains(worker) || !asked.insert(worker).inserted {
      faults.append("\(worker) was asked in vain")
    }
  }

  private mutating func check() {
    if crew.isOver {
      if !working.isEmpty || !queue.isEmpty { faults.append("it is over too early") }
    } else if working.isEmpty {
      faults.append("nobody is left")
    }
    guard ended.isEmpty else { return }
    let present = working.subtracting(asked)
    if !present.contains(0) { faults.append("the first has gone") }
    if !present.isSubset(of: 0..<crew.count) { faults.append("\(present) for \(crew.count)") }
    if !working.isSuperset(of: 0..<crew.count) { faults.append("\(working) for \(crew.count)") }
  }
}
