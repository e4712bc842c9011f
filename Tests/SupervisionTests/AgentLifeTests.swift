import ProcessTreeRandomTesting
import ProcessTreeSupervision
import Testing

@Suite struct AgentLifeTests {
  @Test func theFirstReasonOfAnEndCounts() {
    var life = AgentLife()
    #expect(life.takesChildren && life.ending == nil && life.reason == nil)
    #expect(life.handle(.broke(reason: "first")) == [])
    _ = life.handle(.broke(reason: "second"))
    _ = life.handle(.asked)
    #expect(life.ending == .broken(reason: "first") && life.reason == "first")
    #expect(!life.takesChildren)
  }

  /// The near half knows why it has ended the host.
  @Test func anEndThatWasAskedForNeedsNoReason() {
    var life = AgentLife()
    _ = life.handle(.asked)
    _ = life.handle(.broke(reason: "too late"))
    #expect(life.ending == .asked && life.reason == nil)
  }

  @Test func aDrainIsReportedOnceAndEndsWithTheLastChild() {
    var life = AgentLife()
    #expect(life.handle(.childEnded(children: 0)) == [] && life.ending == nil)
    #expect(life.handle(.terminated(children: 2)) == [.drain])
    #expect(life.handle(.terminated(children: 2)) == [])
    #expect(!life.takesChildren)
    _ = life.handle(.childEnded(children: 1))
    #expect(life.ending == nil)
    _ = life.handle(.childEnded(children: 0))
    #expect(life.reason == "it was asked to end by SIGTERM, and nothing runs there any more")
  }

  @Test func aDrainWithoutChildrenIsReportedAndEnds() {
    var life = AgentLife()
    #expect(life.handle(.terminated(children: 0)) == [.drain])
    #expect(life.reason == "it was asked to end by SIGTERM, and nothing runs there any more")
  }

  @Test func aDrainEndsWithItsTime() {
    var life = AgentLife()
    _ = life.handle(.drainTimeOver)
    #expect(life.ending == nil)
    _ = life.handle(.terminated(children: 1))
    _ = life.handle(.drainTimeOver)
    #expect(life.reason == "it was asked to end by SIGTERM, and its time is over")
  }

  /// A process that was started between two answers runs, but the near half waits for one report.
  @Test func aStopIsReportedOnceAndDoneAgain() {
    var life = AgentLife()
    #expect(life.handle(.stopLent) == [.stopAll, .reportStop])
    #expect(life.handle(.stopLent) == [.stopAll])
    #expect(life.handle(.resumed) == [.continueAll])
    #expect(life.handle(.resumed) == [.continueAll])
    #expect(life.handle(.stopLent) == [.stopAll, .reportStop])
  }

  @Test func whatEndsStopsNothingAndLetsEverythingGoOn() {
    var generator = SeededGenerator.announced("whatEndsStopsNothingAndLetsEverythingGoOn")
    var endings: Set<String> = []
    for _ in 0..<iterations(5_000) {
      var life = AgentLife()
      var (drains, isStopped) = (0, false)
      for _ in 0..<generator.int(1...12) {
        let before = life.ending
        let event: AgentLife.Event =
          switch generator.int(0...6) {
          case 0: .asked
          case 1: .broke(reason: "r")
          case 2: .terminated(children: generator.int(0...2))
          case 3: .drainTimeOver
          case 4: .childEnded(children: generator.int(0...2))
          case 5: .stopLent
          default: .resumed
          }
        let actions = life.handle(event)
        drains += actions.count { $0 == .drain }
        // A stop is reported when the near half takes the host for running, and at no other time.
        if actions.contains(.reportStop) {
          #expect(!isStopped && actions.first == .stopAll)
          isStopped = true
        }
        if event == .resumed {
          #expect(actions == [.continueAll])
          isStopped = false
        } else if let before {
          #expect(actions.isEmpty && life.ending == before)
        }
      }
      #expect(drains <= 1 && (drains == 0 || !life.takesChildren))
      endings.insert("\(life.ending as Any)")
    }
    #expect(endings.count == 5)
  }
}
