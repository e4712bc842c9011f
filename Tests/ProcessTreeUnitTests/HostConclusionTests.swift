import ProcessTreeWire
import Testing

@testable import ProcessTree

/// The value that decides when a host is over, without processes and without a clock.
@Suite struct HostConclusionTests {
  typealias Event = HostConclusion.Event
  typealias Answer = HostConclusion.Answer

  private static let lost = HostError(.over, host: "b", "nothing has been heard of it for 14 s")

  private static func end(_ evidence: HostLoss.Evidence?) -> Answer {
    .end(HostEnd(error: lost, evidence: evidence))
  }

  private static func loss(_ evidence: HostLoss.Evidence, _ reason: String) -> HostConclusion.Action
  {
    .over(HostLoss(host: "b", evidence: evidence, reason: reason))
  }

  /// The actions that follow from events, in order.
  private static func actions(_ events: Event...) -> [HostConclusion.Action] {
    var conclusion = HostConclusion(of: "b")
    return events.compactMap { conclusion.handle($0) }
  }

  private static func ended(_ answer: Answer, asked: Bool = false, children: Int = 1) -> Event {
    .keeperEnded(answer, cause: "killed by SIGKILL", wasAsked: asked, children: children)
  }

  /// What the near half knows for certain needs no further connection, whether children are there
  /// or not.
  @Test(arguments: [
    HostLoss.Evidence.goodbye, .agentGone, .rebooted, .leaseOver, .fenced,
  ])
  func evidenceOfTheNearHalfIsTheVerdict(_ evidence: HostLoss.Evidence) {
    for children in [0, 3] {
      #expect(
        Self.actions(.cameUp, Self.ended(Self.end(evidence), children: children))
          == [Self.loss(evidence, Self.lost.message)])
    }
  }

  /// It may have been killed, or have waited in vain: what runs there may go on.
  @Test(arguments: [Answer.nothing, end(nil)])
  func withoutEvidenceTheFarHalfIsEndedFirst(_ answer: Answer) {
    let reason = answer == .nothing ? "its keeper has ended: killed by SIGKILL" : Self.lost.message
    #expect(Self.actions(.cameUp, Self.ended(answer)) == [.fence(isEmpty: false)])
    for evidence in HostLoss.Evidence.allCases {
      #expect(
        Self.actions(.cameUp, Self.ended(answer), .found(evidence, children: 1))
          == [.fence(isEmpty: false), Self.loss(evidence, reason)])
    }
  }

  @Test func aHostThatWasClosedIsNoLoss() {
    #expect(Self.actions(.cameUp, Self.ended(.farewell, asked: true, children: 0)) == [.over(nil)])
    // The end was asked for, but the far half did not answer: it has had its time.
    #expect(
      Self.actions(.cameUp, Self.ended(Self.end(nil), asked: true, children: 0)) == [.over(nil)])
    // Somebody has killed the near half while the scope ended: the far half is asked to leave, and
    // that is no loss.
    #expect(
      Self.actions(
        .cameUp, Self.ended(.nothing, asked: true, children: 0), .found(.fenced, children: 0))
        == [.fence(isEmpty: true), .over(nil)])
  }

  @Test func childrenOfAHostThatWasClosedAreLostWithIt() {
    #expect(
      Self.actions(.cameUp, Self.ended(.farewell, asked: true, children: 2))
        == [Self.loss(.goodbye, "its keeper has ended: killed by SIGKILL")])
    #expect(
      Self.actions(
        .cameUp, Self.ended(.nothing, asked: true, children: 2), .found(.leaseOver, children: 2))
        == [
          .fence(isEmpty: false), Self.loss(.leaseOver, "its keeper has ended: killed by SIGKILL"),
        ])
    // Their ends have come meanwhile.
    #expect(
      Self.actions(
        .cameUp, Self.ended(.nothing, asked: true, children: 2), .found(.leaseOver, children: 0))
        == [.fence(isEmpty: false), .over(nil)])
  }

  /// A host that has never been up has nothing over there to be ended.
  @Test(arguments: [Answer.nothing, .farewell, end(nil), end(.goodbye)])
  func whatWasNeverUpIsOverAtOnce(_ answer: Answer) {
    let actions = Self.actions(Self.ended(answer, children: 0))
    guard case .over(_?)? = actions.first else { return #expect(Bool(false), "\(actions)") }
    #expect(actions.count == 1)
  }

  @Test func aNearHalfThatIsGivenUpIsKilledOnceAndIsTheReason() {
    let silent = Event.surrendered(reason: "it says nothing")
    #expect(
      Self.actions(
        .cameUp, silent, .surrendered(reason: "another"), Self.ended(.nothing, children: 0),
        .found(.agentGone, children: 0))
        == [.kill, .fence(isEmpty: false), Self.loss(.agentGone, "it says nothing")])
    // That is a loss even when the scope ends and no child is there.
    #expect(
      Self.actions(
        .cameUp, silent, Self.ended(.nothing, asked: true, children: 0),
        .found(.fenced, children: 0))
        == [.kill, .fence(isEmpty: true), Self.loss(.fenced, "it says nothing")])
    var conclusion = HostConclusion(of: "b")
    _ = conclusion.handle(silent)
    #expect(conclusion.failure == HostError(.over, host: "b", "it says nothing"))
  }

  /// Late words of the dead change nothing, and nothing is concluded twice.
  @Test func theFirstConclusionStays() {
    let all: [Event] = [
      .cameUp, .surrendered(reason: "late"), Self.ended(.nothing),
      Self.ended(.farewell, asked: true),
      .found(.goodbye, children: 1),
    ]
    var over = HostConclusion(of: "b")
    _ = over.handle(Self.ended(.nothing))
    #expect(over.isOver)
    for event in all { #expect(over.handle(event) == nil) }
    var fenced = HostConclusion(of: "b")
    _ = fenced.handle(.cameUp)
    _ = fenced.handle(Self.ended(.nothing))
    for event in all.dropLast() { #expect(fenced.handle(event) == nil) }
    #expect(!fenced.isOver && !fenced.hasSurrendered)
    #expect(
      fenced.handle(.found(.rebooted, children: 0))
        == Self.loss(.rebooted, "its keeper has ended: killed by SIGKILL"))
    // Nothing is found before anything has ended.
    var open = HostConclusion(of: "b")
    #expect(open.handle(.found(.agentGone, children: 1)) == nil && !open.isOver)
  }

  @Test func theErrorOfAHostThatWasNeverUpIsThatOfItsNearHalf() {
    var conclusion = HostConclusion(of: "b")
    #expect(conclusion.failure == nil)
    _ = conclusion.handle(Self.ended(Self.end(nil), children: 0))
    #expect(conclusion.failure == Self.lost)
  }

  @Test func anAnswerIsReadFromTheOutcome() throws {
    let end = HostEnd(error: Self.lost, evidence: .rebooted)
    #expect(Answer(.result(try HostKeeper._encode(end))) == .end(end))
    #expect(Answer(.result(try HostKeeper._encode(nil))) == .farewell)
    for outcome in [nil, .result([]), .result([0xC1, 1]), .exit(0)] as [RecordedOutcome?] {
      #expect(Answer(outcome) == .nothing)
    }
  }

  @Test func aVerdictOfAFurtherConnectionIsEvidence() {
    let verdicts: [HostVerdict] = [.gone(killed: 3), .rebooted, .elsewhere]
    #expect(verdicts.map { HostLoss.Evidence($0) } == [.agentGone, .rebooted, nil])
    // A far half that was ordered to end has been fenced; another machine proves nothing here
    // either.
    #expect(verdicts.map { HostLoss.Evidence(ofFenced: $0) } == [.fenced, .rebooted, nil])
  }

  @Test func anEventNamesTheHostAndTheReason() {
    let loss = HostLoss(host: "b", evidence: .leaseOver, reason: "it was silent")
    let text = "\(LifecycleEvent.Kind.hostOver(loss))"
    #expect(text.contains("b") && text.contains("it was silent"))
  }
}
