import ProcessTreeSupervision
import Testing

private typealias Action = ChildLifecycle.Action
private typealias Input = ChildLifecycle.Input

/// Single lives, step by step.
@Suite struct ChildLifecycleTests {
  private static let both = StopPolicy(ask: .seconds(3), terminate: .seconds(2))
  private static let startTime: Duration = .seconds(30)
  private static let running: [Input] = [.start, .processStarted, .connected, .ready]

  private func life(_ inputs: [Input] = [], _ policy: StopPolicy = both) -> ChildLifecycle {
    var life = ChildLifecycle(policy: policy, startDeadline: Self.startTime)
    for input in inputs { _ = life.handle(input) }
    return life
  }

  /// What each of the inputs causes after others that do not matter.
  private func actions(
    _ inputs: [Input], after before: [Input] = [], _ policy: StopPolicy = both
  ) -> [[Action]] {
    var life = life(before, policy)
    return inputs.map { life.handle($0) }
  }

  @Test func aLifeWithoutAStop() {
    let inputs = Self.running + [.goodbye, .exited]
    #expect(
      actions(inputs) == [
        [.arm(.start, after: Self.startTime), .launch], [], [], [.disarm],
        [.acknowledgeGoodbye, .arm(.leave, after: .seconds(5))], [.disarm, .conclude],
      ])
  }

  @Test func phasesFollowTheLife() {
    var life = life()
    let phases = (Self.running + [.stop(.ask), .goodbye, .exited]).map { input -> ChildPhase in
      _ = life.handle(input)
      return life.phase
    }
    #expect(
      phases == [.starting, .starting, .starting, .ready, .stopping, .stopping, .exited])
  }

  @Test(
    arguments: [
      (3, 2, [.ask(within: .seconds(5)), .arm(.stop(.ask), after: .seconds(3))]),
      (3, 0, [.ask(within: .seconds(3)), .arm(.stop(.ask), after: .seconds(3))]),
      (0, 2, [.terminate, .arm(.stop(.terminate), after: .seconds(2))]),
      (0, 0, [.disarm, .kill]),
    ] as [(Int, Int, [ChildLifecycle.Action])])
  func aStopBeginsWithTheFirstStepThatHasTime(
    _ ask: Int, _ terminate: Int, _ first: [ChildLifecycle.Action]
  ) {
    let policy = StopPolicy(ask: .seconds(ask), terminate: .seconds(terminate))
    #expect(actions([.stop(.ask)], after: Self.running, policy) == [first])
  }

  @Test func stepsFollowOneAnotherWhenTheirTimeIsUp() {
    let inputs: [Input] = [
      .stop(.ask), .deadlinePassed(.stop(.ask)), .deadlinePassed(.stop(.terminate)), .exited,
    ]
    #expect(
      actions(inputs, after: Self.running).dropFirst() == [
        [.terminate, .arm(.stop(.terminate), after: .seconds(2))], [.disarm, .kill],
        [.disarm, .conclude],
      ])
  }

  @Test func withoutTimeForSIGTERMTheAskIsFollowedByTheKill() {
    let policy = StopPolicy(ask: .seconds(3), terminate: .zero)
    #expect(
      actions([.stop(.ask), .deadlinePassed(.stop(.ask))], after: Self.running, policy)[1]
        == [.disarm, .kill])
  }

  @Test func aStopBeforeTheStartConcludes() {
    #expect(actions([.stop(.ask), .start]) == [[.disarm, .conclude], []])
    #expect(actions([.stop(.kill)]) == [[.disarm, .conclude]])
  }

  @Test(
    arguments: [
      (.ask, [.arm(.stop(.ask), after: .seconds(3))]),
      (.terminate, [.terminate, .arm(.stop(.terminate), after: .seconds(2))]),
      (.kill, [.disarm, .kill]),
    ] as [(ChildLifecycle.StopStep, [ChildLifecycle.Action])])
  func aStopBeforeTheProcessIsCarriedOutOnceItExists(
    _ step: ChildLifecycle.StopStep, _ then: [ChildLifecycle.Action]
  ) {
    #expect(actions([.stop(step), .processStarted], after: [.start]) == [[], then])
  }

  @Test func aStopBeforeTheConnectionIsAskedForOnceThereIsOne() {
    let inputs: [Input] = [.stop(.ask), .connected, .ready]
    #expect(
      actions(inputs, after: [.start, .processStarted]) == [
        [.arm(.stop(.ask), after: .seconds(3))], [.ask(within: .seconds(5))], [],
      ])
  }

  @Test func aChildThatConnectsAfterSIGTERMIsNotAskedAnyMore() {
    let inputs: [Input] = [.stop(.terminate), .connected]
    #expect(actions(inputs, after: [.start, .processStarted])[1] == [])
  }

  @Test func aStepWithoutTimeIsPassedOverBeforeTheProcessToo() {
    let inputs: [Input] = [.stop(.ask), .connected, .processStarted]
    #expect(
      actions(inputs, after: [.start], .kill) == [[], [], [.disarm, .kill]],
      "a child that is to be killed at once is not asked first")
  }

  @Test func onlyAStrongerStopCounts() {
    let inputs: [Input] = [
      .stop(.ask), .stop(.ask), .stop(.terminate), .stop(.ask), .stop(.terminate), .stop(.kill),
      .stop(.kill), .stop(.ask),
    ]
    #expect(
      actions(inputs, after: Self.running).map(\.isEmpty) == [
        false, true, false, true, true, false, true, true,
      ])
  }

  @Test func aStopAfterTheGoodbyeStillKillsInTheEnd() {
    let inputs: [Input] = [
      .stop(.ask), .deadlinePassed(.stop(.ask)), .deadlinePassed(.stop(.terminate)),
    ]
    #expect(actions(inputs, after: Self.running + [.goodbye]).last == [.disarm, .kill])
  }

  @Test func whoSaysGoodbyeAndStaysIsKilled() {
    #expect(
      actions([.goodbye, .goodbye, .deadlinePassed(.leave)], after: Self.running) == [
        [.acknowledgeGoodbye, .arm(.leave, after: .seconds(5))], [], [.kill],
      ])
    let patient = StopPolicy(ask: .seconds(1), terminate: .seconds(60))
    #expect(
      actions([.goodbye], after: Self.running, patient) == [
        [.acknowledgeGoodbye, .arm(.leave, after: .seconds(60))]
      ])
  }

  @Test func whoIsNotReadyInTimeIsKilled() {
    var life = life([.start, .processStarted, .connected])
    #expect(!life.startTimedOut)
    #expect(life.handle(.deadlinePassed(.start)) == [.disarm, .kill])
    #expect(life.startTimedOut && life.phase == .stopping && life.stopStep == .kill)
    #expect(life.handle(.ready) == [])
    #expect(life.handle(.exited) == [.disarm, .conclude])
    #expect(life.startTimedOut)
  }

  @Test func theStartDeadlineOfAReadyOrStoppingChildIsNothing() {
    #expect(actions([.deadlinePassed(.start)], after: Self.running) == [[]])
    #expect(
      actions([.deadlinePassed(.start)], after: [.start, .processStarted, .stop(.ask)]) == [[]])
  }

  @Test func anAttemptThatWasLostIsFollowedByOneWithTheWholeTime() {
    let again: [Action] = [.arm(.start, after: Self.startTime), .launch]
    #expect(actions([.attemptLost, .processStarted, .ready], after: [.start])[0] == again)
    let inputs: [Input] = [.deadlinePassed(.start), .attemptLost, .processStarted, .ready]
    #expect(
      actions(inputs, after: [.start]) == [
        [.arm(.start, after: Self.startTime), .giveUpAttempt], again, [], [.disarm],
      ])
    #expect(!life([.start] + inputs).startTimedOut)
  }

  @Test func theNewAttemptHasADeadlineAsWell() {
    let inputs: [Input] = [
      .deadlinePassed(.start), .attemptLost, .processStarted, .deadlinePassed(.start),
    ]
    #expect(actions(inputs, after: [.start])[3] == [.disarm, .kill])
    #expect(life([.start] + inputs).startTimedOut)
  }

  @Test func whoeverDoesNotEvenLoseAnAttemptIsNotWaitedForASecondTime() {
    #expect(
      actions([.deadlinePassed(.start), .deadlinePassed(.start)], after: [.start])[1]
        == [.disarm, .conclude])
  }

  @Test func aChildThatWasAskedToStopIsNotAttemptedAgain() {
    #expect(actions([.attemptLost], after: [.start, .stop(.ask)]) == [[.disarm, .conclude]])
  }

  @Test func aLimitShortensTheStepsToCome() {
    var life = life(Self.running)
    _ = life.limit(to: StopPolicy(ask: .seconds(1), terminate: .seconds(9)))
    #expect(
      life.handle(.stop(.ask)) == [
        .ask(within: .seconds(3)), .arm(.stop(.ask), after: .seconds(1)),
      ])
    // A step that is under way is cut short as well.
    #expect(life.limit(to: .kill) == [.disarm, .kill])
  }
}
