import ProcessTreeSupervision
import Testing

private typealias Life = NodeLife<String>
private typealias Action = NodeLife<String>.Action

/// Single ways of a node to its end, step by step.
@Suite struct NodeLifeTests {
  private static let request = StopRequest(requestedBy: "MainProcess", reason: "enough")
  private static let policy = StopPolicy(ask: .seconds(3), terminate: .seconds(2))

  private func life(_ inputs: [Life.Input] = [], isRoot: Bool = false) -> Life {
    var life = Life(of: "N", isRoot: isRoot, cancelled: "cancelled")
    for input in inputs { _ = life.handle(input) }
    return life
  }

  private static let result = Life.Input.programEnded("12", isResult: true)
  private static let stop = Life.Input.stop(request, within: policy, signal: nil)
  private static let settled = Life.Input.channels(
    areSettled: true, messagesArrived: true, fault: nil)

  @Test func aProgramThatReturnsStopsDaemonsAndWaitsForTheOthers() {
    var life = life()
    #expect(
      life.handle(Self.result) == [
        .flushReports, .startNoMore, .endChannels(abandoning: false),
        .arm(.lastWords, after: .milliseconds(200)), .arm(.delivery, after: .seconds(60)),
        .stopChildren(
          StopRequest(requestedBy: "N", reason: "N has ended, and the child is a daemon"),
          onlyDaemons: true, within: nil),
        .stopCommands,
      ])
    #expect(life.handle(Self.settled) == [.sendOutcome("12")])
    #expect(life.handle(.nothingBelow) == [.closeDown, .arm(.flush, after: .seconds(60))])
    #expect(
      life.handle(.flushed) == [
        .sayGoodbye, .arm(.answer, after: .seconds(5)), .arm(.goodbye, after: .seconds(60)),
      ])
    #expect(life.handle(.released) == [.finish] && life.isFinished && life.outcome == "12")
  }

  @Test func aProgramThatFailsStopsAllChildren() {
    var life = life()
    let actions = life.handle(.programEnded("no", isResult: false))
    let request = StopRequest(requestedBy: "N", reason: "N is ending")
    #expect(actions.contains(.stopChildren(request, onlyDaemons: false, within: nil)))
  }

  @Test func aStopGoesDownOnce() {
    var life = life()
    #expect(
      life.handle(Self.stop) == [
        .startNoMore, .cancelProgram,
        .stopChildren(Self.request, onlyDaemons: false, within: Self.policy), .stopCommands,
      ])
    #expect(life.handle(Self.stop) == [])
    #expect(
      life.handle(.programEnded("cancelled", isResult: false)) == [
        .flushReports, .endChannels(abandoning: true),
        .arm(.lastWords, after: .milliseconds(200)), .arm(.delivery, after: .seconds(60)),
      ])
  }

  @Test func aStopAfterTheEndOfTheProgramAbandonsChannelsAndShortensStops() {
    var life = life([Self.result])
    #expect(
      life.handle(Self.stop) == [
        .cancelProgram, .endChannels(abandoning: true),
        .stopChildren(Self.request, onlyDaemons: false, within: Self.policy), .stopCommands,
      ])
  }

  @Test func aRootEndsAProgramThatDoesNotListen() {
    var life = life(isRoot: true)
    #expect(life.handle(Self.stop).last == .arm(.program, after: .seconds(6)))
    #expect(life.handle(.deadlinePassed(.program)).first == .flushReports)
    #expect(life.outcome == "cancelled" && life.phase == .ended)
  }

  @Test func aRootHasNoGoodbyeAndNamesTheChildrenThatItWaitsFor() {
    var life = life(isRoot: true)
    #expect(life.handle(Self.result).last == .arm(.silence, after: .seconds(3)))
    #expect(life.handle(.deadlinePassed(.silence)) == [.reportWhoIsWaitedFor])
    _ = life.handle(Self.settled)
    #expect(life.handle(.nothingBelow) == [.closeDown, .finish])
    var stopped = self.life([Self.result, Self.stop], isRoot: true)
    #expect(stopped.handle(.deadlinePassed(.silence)) == [])
  }

  @Test func theOutcomeWaitsForChannelsUnlessTheNodeIsStopped() {
    let waiting = Life.Input.channels(areSettled: false, messagesArrived: true, fault: nil)
    var life = life([Self.result])
    #expect(life.handle(waiting) == [])
    #expect(life.handle(.deadlinePassed(.lastWords)) == [] && life.handle(waiting) == [])
    _ = life.handle(Self.stop)
    #expect(life.handle(waiting) == [.sendOutcome("12")])
    var stopped = self.life([Self.stop, Self.result])
    #expect(stopped.handle(waiting) == [])
    _ = stopped.handle(.deadlinePassed(.lastWords))
    #expect(stopped.handle(waiting) == [.sendOutcome("12")])
  }

  @Test func theOutcomeWaitsUntilTheParentHasTheMessagesBeforeIt() {
    let waiting = Life.Input.channels(areSettled: true, messagesArrived: false, fault: nil)
    var life = life([Self.result])
    #expect(life.handle(waiting) == [] && life.handle(Self.settled) == [.sendOutcome("12")])
    var unheard = self.life([Self.result])
    _ = unheard.handle(.deadlinePassed(.lastWords))
    #expect(unheard.handle(waiting) == [])
    _ = unheard.handle(.deadlinePassed(.delivery))
    #expect(unheard.handle(waiting) == [.sendOutcome("12")])
    var stopped = self.life([Self.stop, Self.result])
    _ = stopped.handle(.deadlinePassed(.lastWords))
    #expect(stopped.handle(waiting) == [.sendOutcome("12")])
  }

  @Test func aFaultOfTheChannelsTakesThePlaceOfTheOutcome() {
    var life = life([Self.result])
    #expect(
      life.handle(.channels(areSettled: true, messagesArrived: true, fault: "lost")) == [
        .sendOutcome("lost")
      ])
    #expect(life.outcome == "lost")
  }

  @Test func aNodeThatGivesUpFailsAndDoesNotDrain() {
    let giveUp = Life.Input.gaveUp("no descriptors", Self.request, within: Self.policy)
    var life = life([giveUp, Self.settled])
    #expect(life.outcome == "no descriptors")
    #expect(life.handle(.nothingBelow).prefix(2) == [.closeDown, .sayGoodbye])
    #expect(self.life([Self.result, giveUp]).outcome == "no descriptors")
    #expect(self.life([Self.result, Self.settled, giveUp]).outcome == "12")
    var draining = self.life([Self.result, Self.settled, .nothingBelow])
    #expect(draining.handle(giveUp).contains(.sayGoodbye))
  }

  @Test func aGoodbyeWithoutAReplyCutsTheTieAndThenLeaves() {
    var life = life([Self.result, Self.settled, .nothingBelow])
    #expect(life.handle(.deadlinePassed(.answer)) == [])
    #expect(life.handle(.deadlinePassed(.flush)).first == .sayGoodbye)
    #expect(life.handle(.deadlinePassed(.answer)) == [.cutTie])
    #expect(life.handle(.deadlinePassed(.goodbye)) == [.finish])
  }

  @Test func hooksRunBetweenTheProgramAndItsChannels() {
    var life = life([.hookAdded])
    #expect(life.handle(Self.result) == [.flushReports, .cleanUp] && life.phase == .cleaning)
    // A stop meanwhile abandons nothing: hooks may still send.
    #expect(
      life.handle(Self.stop) == [
        .startNoMore, .cancelProgram,
        .stopChildren(Self.request, onlyDaemons: false, within: Self.policy), .stopCommands,
      ])
    #expect(
      life.handle(.cleanedUp) == [
        .endChannels(abandoning: true), .arm(.lastWords, after: .milliseconds(200)),
        .arm(.delivery, after: .seconds(60)),
      ])
    #expect(life.outcome == "12" && life.handle(.cleanedUp) == [])
    // At a root time alone ends them.
    var root = self.life([.hookAdded, Self.stop, Self.result], isRoot: true)
    #expect(root.handle(.deadlinePassed(.program)).first == .endChannels(abandoning: true))
  }

  @Test func aDrainCancelsNothingAndAStopEndsIt() {
    var life = life()
    let drain = Life.Input.drain(Self.request, within: .seconds(9))
    #expect(life.handle(drain) == [.drain(Self.request, within: .seconds(9))])
    #expect(life.handle(drain) == [] && life.isDraining && life.stopRequest == nil)
    var finished = life
    #expect(finished.handle(Self.result).contains(.endChannels(abandoning: false)))
    #expect(life.handle(Self.stop).contains(.cancelProgram))
    #expect(self.life([Self.result]).isDraining == false)
  }

  @Test func aRootWithTimeToDrainDoesSoFirst() {
    let policy = StopPolicy(drain: .seconds(9), ask: .seconds(3), terminate: .seconds(2))
    let stop = Life.Input.stop(Self.request, within: policy, signal: 15)
    var life = life(isRoot: true)
    #expect(
      life.handle(stop) == [
        .drain(Self.request, within: .seconds(9)), .arm(.drain, after: .seconds(9)),
      ])
    #expect(life.handle(stop) == [] && life.signal == 15)
    // Those below have no time to drain any more.
    #expect(
      life.handle(.deadlinePassed(.drain)).contains(
        .stopChildren(Self.request, onlyDaemons: false, within: Self.policy)))
    // Another node gets the request to drain from its parent.
    #expect(self.life([stop]).stopRequest == Self.request)
  }

  @Test func theFirstSignalIsTheOneToDieOf() {
    var life = life([.stop(Self.request, within: Self.policy, signal: 15)])
    _ = life.handle(.stop(Self.request, within: Self.policy, signal: 2))
    #expect(life.signal == 15)
    // A request without one comes first where a parent stops a node before the terminal does.
    #expect(self.life([Self.stop, .stop(Self.request, within: .kill, signal: 2)]).signal == 2)
    #expect(self.life([.endBy(signal: 9)]).signal == 9)
    // The root's last output may be waiting for a reader.
    let late = Life.Input.stop(Self.request, within: Self.policy, signal: 15)
    #expect(self.life([Self.result, Self.settled, .nothingBelow, late], isRoot: true).signal == 15)
  }
}
