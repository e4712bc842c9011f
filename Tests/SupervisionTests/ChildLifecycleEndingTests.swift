import ProcessTreeSupervision
import Testing

/// What holds at each point of a life.
@Suite struct ChildLifecycleEndingTests {
  /// A life up to each of its points.
  static let prefixes: [[ChildLifecycle.Input]] = [
    [], [.start], [.start, .stop(.kill)], [.start, .processStarted],
    [.start, .processStarted, .connected],
    [.start, .processStarted, .stop(.terminate)], [.start, .processStarted, .connected, .ready],
    [.start, .processStarted, .connected, .ready, .stop(.ask)],
    [.start, .processStarted, .connected, .ready, .stop(.kill)],
    [.start, .processStarted, .connected, .ready, .goodbye],
    [.start, .processStarted, .connected, .ready, .stop(.ask), .goodbye],
    [.start, .processStarted, .connected, .ready, .goodbye, .deadlinePassed(.leave)],
    [.start, .processStarted, .connected, .deadlinePassed(.start)],
  ]

  static let everyInput: [ChildLifecycle.Input] = [
    .start, .processStarted, .attemptLost, .couldNotStart, .connected, .ready, .goodbye,
    .stop(.ask),
    .stop(.terminate), .stop(.kill), .deadlinePassed(.start), .deadlinePassed(.stop(.ask)),
    .deadlinePassed(.stop(.terminate)), .deadlinePassed(.stop(.kill)), .deadlinePassed(.leave),
    .exited,
  ]

  private func life(_ inputs: [ChildLifecycle.Input]) -> ChildLifecycle {
    var life = ChildLifecycle(policy: .default, startDeadline: .seconds(1))
    for input in inputs { _ = life.handle(input) }
    return life
  }

  @Test(arguments: prefixes)
  func anEndConcludesAtAnyPointAndNothingFollows(_ prefix: [ChildLifecycle.Input]) {
    for end in [ChildLifecycle.Input.exited, .couldNotStart] where !prefix.isEmpty {
      var life = life(prefix)
      #expect(life.handle(end) == [.disarm, .conclude])
      #expect(life.phase == .exited)
      let ended = life
      for input in Self.everyInput { #expect(life.handle(input) == []) }
      #expect(life == ended)
    }
  }

  /// Each input at a point where it cannot have happened: it "changes nothing".
  @Test(
    arguments: [
      ([], [.processStarted, .attemptLost, .connected, .ready, .goodbye]),
      ([], everyInput.filter { if case .deadlinePassed = $0 { true } else { false } }),
      ([.start], [.start]),
      ([.start, .processStarted, .connected, .ready], [.start, .ready, .connected]),
      (
        [.start, .processStarted, .connected, .ready],
        [.deadlinePassed(.start), .attemptLost]
      ),
      ([.start, .processStarted, .connected, .ready, .goodbye], [.start, .ready, .goodbye]),
    ] as [([ChildLifecycle.Input], [ChildLifecycle.Input])])
  func anInputThatDoesNotFitChangesNothing(
    _ prefix: [ChildLifecycle.Input], _ inputs: [ChildLifecycle.Input]
  ) {
    let before = life(prefix)
    for input in inputs {
      var after = before
      #expect(after.handle(input) == [], "\(input)")
      #expect(after == before, "\(input)")
    }
  }
}
