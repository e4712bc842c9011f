import Foundation
import ProcessTreeSupervision
import Testing

@Suite struct ChildPhaseTests {
  @Test func theOrderIsALifes() {
    let life: [ChildPhase] = [.declared, .starting, .ready, .stopping, .exited]
    #expect(ChildPhase.allCases == life)
    for (index, phase) in life.enumerated() {
      for (other, later) in life.enumerated() { #expect((phase < later) == (index < other)) }
    }
  }

  /// The words are what the tool writes as JSON.
  @Test func phasesAreCodedByName() throws {
    for phase in ChildPhase.allCases {
      #expect(try JSONEncoder().encode([phase]) == Data("[\"\(phase)\"]".utf8))
    }
  }

  @Test func stepsGrowStronger() {
    let steps: [ChildLifecycle.StopStep] = [.ask, .terminate, .kill]
    #expect(steps.shuffled().sorted() == steps)
  }
}
