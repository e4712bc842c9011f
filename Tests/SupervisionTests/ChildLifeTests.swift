import ProcessTreeSupervision
import Testing

private typealias Life = ChildLife<String>

/// What a child sends, and what its parent makes of it.
@Suite struct ChildLifeTests {
  private static let request = StopRequest(requestedBy: "MainProcess", reason: "enough")
  private static let late = StopRequest(requestedBy: "Process-9", reason: "too late")
  private static let end = Life.Break(violation: "noise", failure: "broken")
  private static let running: [Life.Input] = [.start, .processStarted, .connected, .ready]

  private func life(_ inputs: [Life.Input] = running) -> Life {
    var life = Life(policy: .default, startDeadline: .seconds(30))
    for input in inputs { _ = life.handle(input) }
    return life
  }

  private static let farewell: [Life.Action] = [
    .lifecycle(.acknowledgeGoodbye), .lifecycle(.arm(.leave, after: .seconds(5))),
  ]

  @Test func readinessIsReportedOnceAlsoOfAChildThatIsStopping() {
    var life = life([.start, .processStarted, .connected, .stop(.ask, Self.request, within: nil)])
    #expect(life.handle(.ready) == [.becameReady])
    #expect(life.handle(.ready) == [] && life.wasReady)
  }

  @Test func theFirstOutcomeCounts() {
    var life = life(Self.running + [.outcome("one"), .outcome("two"), .outcomeFollows])
    #expect(life.outcome == "one")
    #expect(life.handle(.payload("three")) == [] && life.outcome == "one")
  }

  @Test func theGoodbyeIsHeldBackUntilFramesAndOutcomeHaveCome() {
    var life = life()
    #expect(life.handle(.outcomeFollows) == [.awaitPayload])
    #expect(life.handle(.goodbye(frames: 3, received: 1)) == [] && life.awaitsFrames)
    #expect(life.handle(.received(frames: 3)) == [] && !life.saidGoodbye)
    #expect(life.handle(.payload("large")) == Self.farewell && life.saidGoodbye)
    #expect(life.handle(.received(frames: 4)) == [])

    var quick = self.life()
    #expect(quick.handle(.goodbye(frames: 3, received: 3)) == Self.farewell)
  }

  @Test func theFirstRequestToStopIsReported() {
    var life = life()
    #expect(
      life.handle(.stop(.terminate, Self.request, within: nil)) == [
        .reportStop(Self.request), .lifecycle(.terminate),
        .lifecycle(.arm(.stop(.terminate), after: .seconds(2))),
      ])
    #expect(
      life.handle(.stop(.kill, Self.late, within: nil)) == [.lifecycle(.disarm), .lifecycle(.kill)])
    #expect(life.stopRequest == Self.request && life.wasSignalled)
  }

  @Test func aStopWithinAPolicyShortensTheOneUnderWay() {
    var life = life(Self.running + [.stop(.ask, Self.request, within: nil)])
    #expect(!life.wasSignalled)
    #expect(
      life.handle(.stop(.ask, Self.late, within: .kill)) == [
        .lifecycle(.disarm), .lifecycle(.kill),
      ])
    #expect(life.wasSignalled)
  }

  @Test func violationsAreReportedAtPowersOfTwo() {
    var life = life()
    let reported = (1...20).filter { _ in !life.handle(.violation("noise")).isEmpty }
    #expect(reported == [1, 2, 4, 8, 16])
    #expect(
      (1...12).map { _ in life.handle(.violation("x")) }.last == [.reportViolation("x (32 so far)")]
    )
  }

  @Test func aChildThatBreaksATieHasFailedWhateverItSends() {
    var life = life(Self.running + [.outcome("well")])
    #expect(
      life.handle(.broke(Self.end)) == [
        .reportViolation("noise (1 so far)"), .lifecycle(.disarm), .lifecycle(.kill),
      ])
    #expect(life.outcome == "broken")
    #expect(life.handle(.outcome("well")) == [] && life.outcome == "broken")
    // One whose goodbye was taken has nothing to lose any more.
    var gone = self.life(Self.running + [.outcome("well"), .goodbye(frames: 0, received: 0)])
    #expect(gone.handle(.broke(Self.end)) == [.reportViolation("noise (1 so far)")])
    #expect(gone.outcome == "well")
  }

  @Test func aCutTieEndsAChildThatNeitherEndsNorSaysGoodbye() {
    let cut = Self.running + [.tieCut]
    var life = life()
    #expect(life.handle(.tieStayedCut(Self.end, processHasEnded: false)) == [])
    #expect(life.handle(.tieCut) == [.armTie(after: .seconds(5))] && life.handle(.tieCut) == [])
    #expect(life.handle(.tieStayedCut(Self.end, processHasEnded: true)) == [])
    #expect(life.handle(.tieStayedCut(Self.end, processHasEnded: false)).last == .lifecycle(.kill))
    var leaving = self.life(cut + [.goodbye(frames: 2, received: 0)])
    #expect(leaving.handle(.tieStayedCut(Self.end, processHasEnded: false)) == [])
  }

  @Test func theLastWordCountsWhereNoMessageCame() {
    let begun = [Life.Input.start, .processStarted]
    var life = life(begun)
    #expect(
      life.handle(.exited(.begun)) == [
        .becameReady, .lifecycle(.disarm), .lifecycle(.disarm), .lifecycle(.conclude),
      ])
    #expect(life.wasReady)
    #expect(self.life(begun + [.exited(.failed("no"))]).startFailure == "no")
    #expect(self.life(Self.running + [.exited(.failed("no"))]).startFailure == nil)
  }

  @Test func anotherAttemptBeginsWithNothing() {
    var life = life([.start, .tieCut, .attemptLost])
    #expect(life.handle(.tieCut) == [.armTie(after: .seconds(5))])
  }
}
