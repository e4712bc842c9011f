import ProcessTreeRandomTesting
import ProcessTreeSupervision
import Testing

@testable import Pipelines

@Suite struct CrewTests {
  @Test func theFirstPlacesAreWanted() throws {
    var crew = try Crew("S", count: 2, of: 0..<4, seed: 0)
    #expect(crew.begin(at: .zero) == [.start(0), .start(1)])
    #expect(crew.resize(to: 4, at: .zero) == [.start(2), .start(3)])
    #expect(crew.resize(to: 4, at: .zero) == [])
    #expect(crew.resize(to: 1, at: .zero) == [.stop(1), .stop(2), .stop(3)])
    #expect(crew.isLeaving(2) && !crew.isLeaving(0))
    // Wanted again before it has gone: it goes, and another one begins.
    #expect(crew.resize(to: 2, at: .zero) == [])
    #expect(crew.handle(.ended(.asked), of: 1, at: .zero) == [.start(1)])
    #expect(crew.handle(.ended(.asked), of: 2, at: .zero) == [])
    #expect(crew.count == 2)
  }

  @Test func whatMayHaveBeenSaidInPartIsSaidInFull() throws {
    var crew = try Crew("S", count: 3, of: 0..<3, seed: 0)
    _ = crew.begin(at: .zero)
    _ = crew.resize(to: 1, at: .zero)
    // One goes before the input's end, one after it.
    #expect(crew.handle(.ended(.asked), of: 1, at: .zero) == [])
    crew.feedEnded()
    #expect(crew.handle(.ended(.asked), of: 2, at: .zero) == [] && !crew.isOver)
    #expect(crew.handle(.ended(.normal), of: 0, at: .zero) == [.start(2)] && !crew.isOver)
    #expect(crew.resize(to: 3, at: .zero) == [] && crew.count == 1)
    #expect(crew.handle(.ended(.normal), of: 2, at: .zero) == [] && crew.isOver)
  }

  /// A worker that died before the stage's input ended, and whose place is given up then, owes its
  /// end as well.
  @Test func aPlaceThatIsGivenUpWhileItWaitsOwesItsEnd() throws {
    var crew = try Crew("S", count: 2, of: 0..<2, seed: 0)
    _ = crew.begin(at: .zero)
    crew.feedEnded()
    guard case .wait(1, _) = crew.handle(.ended(.abnormal), of: 1, at: .zero).first else {
      return #expect(Bool(false), "no pause")
    }
    #expect(crew.resize(to: 1, at: .zero) == [])
    #expect(crew.handle(.timePassed, of: 1, at: .seconds(1)) == [])
    #expect(crew.handle(.ended(.normal), of: 0, at: .seconds(2)) == [.start(1)] && !crew.isOver)
    #expect(crew.handle(.ended(.normal), of: 1, at: .seconds(2)) == [] && crew.isOver)
  }

  @Test func aPlaceWhoseWorkersGetNothingDonePausesAndIsGivenUp() throws {
    var crew = try Crew("S", count: 2, of: 0..<2, seed: 0)
    _ = crew.begin(at: .zero)
    var now = Duration.zero
    for pause in [10, 20, 40, 80, 160, 320, 640, 1_000, 1_000] {
      #expect(crew.handle(.ended(.fruitful), of: 1, at: now) == [.start(1)])
      guard case .wait(0, let wait) = crew.handle(.ended(.abnormal), of: 0, at: now).first else {
        return #expect(Bool(false), "no pause")
      }
      #expect((0.8...1.2).contains(wait / .milliseconds(pause)), "\(wait)")
      now += wait
      #expect(crew.handle(.timePassed, of: 0, at: now) == [.start(0)])
    }
    _ = crew.handle(.ended(.abnormal, account: "S-1 died"), of: 0, at: now)
    let chain = try #require(crew.gaveUp)
    #expect(chain.hasPrefix("S-1 died 10 times in ") && chain.hasSuffix("s; S gave up"), "\(chain)")
  }

  /// Workers take, are asked to stop, go and die in any order, while their number changes: every
  /// item finds a worker, and a worker that began to speak at the end has a successor that ends.
  @Test func everyItemFindsAWorker() throws {
    var random = SeededGenerator.announced("Crew")
    for _ in 0..<iterations(1_000) {
      var stage = try SimulatedStage(&random)
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
  /// The workers that have begun their last outputs, without a successor that has ended.
  var speaking: Set<Int> = []
  /// Whether no number is set any more and nobody dies.
  var isFinal = false
  var faults: [String] = []
  private var asked: Set<Int> = []
  /// When a pause of a place is over.
  private var waits: [Int: Duration] = [:]
  private var now = Duration.zero
  private var ended: Set<Int> = []
  private var fed = 0
  private var isFed = false
  private var queue: [Int] = []
  private var leases: [Int: [Int]] = [:]
  /// Deaths in a row without anything done.
  private var deaths: [Int: Int] = [:]

  init(_ random: inout SeededGenerator) throws {
    most = random.int(1...6)
    items = random.int(0...40)
    crew = try Crew("S", count: random.int(1...most), of: 0..<most, seed: random.next())
    obey(crew.begin(at: now))
  }

  mutating func step(_ random: inout SeededGenerator) {
    let worker = working.sorted().randomElement(using: &random)
    now += .milliseconds(random.int(0...100))
    switch random.int(0...10) {
    case 0 where !isFinal: obey(crew.resize(to: random.int(1...most), at: now))
    case 1, 2: feed()
    case 3, 4:
      if let worker, let item = queue.popLast() { leases[worker, default: []].append(item) }
    case 5, 6:
      if let worker, let item = leases[worker]?.popLast() { processed.insert(item) }
    case 7:
      if let worker { end(worker) }
    case 8:
      if let worker = asked.sorted().randomElement(using: &random) { vanish(worker, .asked) }
    case 9:
      if let worker, !isFinal { vanish(worker, random.int(0...3) == 0 ? .abnormal : .fruitful) }
    default:
      guard let (place, time) = waits.min(by: { ($0.value, $0.key) < ($1.value, $1.key) })
      else { break }
      now = max(now, time)
      waits[place] = nil
      obey(crew.handle(.timePassed, of: place, at: now))
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
    obey(crew.handle(.ended(.normal), of: worker, at: now))
  }

  /// A worker's process ends, because it was asked to or was killed.
  private mutating func vanish(_ worker: Int, _ verdict: SupervisorLife.Verdict) {
    queue += leases.removeValue(forKey: worker) ?? []
    if crew.isLeaving(worker) != asked.contains(worker) {
      faults.append("\(worker) leaves and was not asked")
    }
    working.remove(worker)
    asked.remove(worker)
    // Nobody dies so often in a row here that the place is given up.
    let isPatient = verdict != .abnormal || deaths[worker, default: 0] < Crew.mostFailures
    deaths[worker] = verdict == .abnormal && isPatient ? deaths[worker, default: 0] + 1 : 0
    obey(crew.handle(.ended(isPatient ? verdict : .fruitful), of: worker, at: now))
  }

  private mutating func obey(_ orders: [Crew.Order]) {
    if let chain = crew.gaveUp { faults.append(chain) }
    for order in orders {
      switch order {
      case .start(let worker):
        if !working.insert(worker).inserted || ended.contains(worker) {
          faults.append("\(worker) was started twice")
        }
      case .stop(let worker):
        if !working.contains(worker) || !asked.insert(worker).inserted {
          faults.append("\(worker) was asked in vain")
        }
      case .wait(let worker, let time): waits[worker] = now + time
      }
    }
  }

  private mutating func check() {
    if crew.isOver {
      if !working.isEmpty || !queue.isEmpty { faults.append("it is over too early") }
    } else if working.isEmpty, waits.isEmpty {
      faults.append("nobody is left")
    }
    guard ended.isEmpty else { return }
    // A place that waits for its next worker may have been left meanwhile.
    let working = working.union(waits.keys.filter { $0 < crew.count })
    let present = working.subtracting(asked)
    if !present.contains(0) { faults.append("the first has gone") }
    if !present.isSubset(of: 0..<crew.count) { faults.append("\(present) for \(crew.count)") }
    if !working.isSuperset(of: 0..<crew.count) { faults.append("\(working) for \(crew.count)") }
  }
}
