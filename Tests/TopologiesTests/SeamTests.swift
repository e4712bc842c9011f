import Testing

@testable import ProcessTreeTopologies
@testable import ProcessTreeTopologyFormat

/// Where records travel singly, whole, or past the nodes.
struct SeamTests {
  private typealias Stage = PipelinePlan.Stage

  private static let command = CommandPlan(words: [], directory: Scalar("/"))
  private static let seq = PipelinePlan.Source.command(command)

  private func stage(_ change: (inout Stage) -> Void = { _ in }) -> Stage {
    var stage = Stage(name: "s", work: .command(Self.command))
    change(&stage)
    return stage
  }

  /// The seams behind the source and the stages.
  private func seams(_ source: PipelinePlan.Source, _ stages: [Stage]) -> [PipelinePlan.Seam] {
    var plan = PipelinePlan(source: source, directory: "/")
    plan.parts = stages.map { .stage($0) }
    let parts = plan.seams.compactMap { part in
      if case .stage(_, let before, let behind) = part { (before, behind) } else { nil }
    }
    #expect(zip(parts, parts.dropFirst()).allSatisfy { $0.1 == $1.0 })
    #expect(parts.first?.0 == plan.sourceSeam)
    return [plan.sourceSeam] + parts.map(\.1)
  }

  @Test func commandsThatOnlyPassBytesOnAreJoined() {
    #expect(seams(Self.seq, [stage(), stage(), stage()]) == [.joint, .joint, .joint, .whole])
    let nul = stage {
      $0.input = .nul
      $0.output = .nul
    }
    #expect(seams(Self.seq, [nul, nul]) == [.single, .joint, .single])
  }

  @Test func withoutAJointRecordsTravelWhole() throws {
    #expect(PipelinePlan.Seam.joint.isWhole(by: nil) && !PipelinePlan.Seam.single.isWhole(by: nil))
    // The tests' own executable may be read.
    let joint = try PipelinePlan.Seam.joint.joint()
    #expect(joint != nil && !PipelinePlan.Seam.joint.isWhole(by: joint))
    #expect(try PipelinePlan.Seam.whole.joint() == nil)
  }

  @Test func aFileIsNoCommand() {
    #expect(seams(.standardInput, [stage(), stage()]) == [.whole, .joint, .whole])
    #expect(seams(.list([]), [stage()]) == [.single, .whole])
  }

  @Test(
    arguments: [
      { $0.workers = 2 }, { $0.isBroadcast = true },
      {
        $0.input = .length
        $0.output = .length
      },
    ] as [@Sendable (inout PipelinePlan.Stage) -> Void])
  func whatManyReadOrSomebodyChecksIsNotJoined(
    change: @Sendable (inout PipelinePlan.Stage) -> Void
  ) {
    let some = seams(Self.seq, [stage(change), stage(change)])
    #expect(!some.prefix(2).contains(.joint) && some[1] == .whole)
  }

  @Test(
    arguments: [{ $0.mode = .answer }, { $0.mode = .each }, { $0.partition = .whole }]
      as [@Sendable (inout PipelinePlan.Stage) -> Void])
  func recordsThatSomebodyLooksAtAreSingle(
    change: @Sendable (inout PipelinePlan.Stage) -> Void
  ) {
    #expect(seams(Self.seq, [stage(change)])[0] == .single)
    #expect(seams(Self.seq, [stage(), stage(change)])[1] == .single)
  }

  @Test func branchesGetWholeRecords() {
    var plan = PipelinePlan(source: Self.seq, directory: "/")
    let branch = PipelinePlan.Branch(name: "b", parts: [.stage(stage()), .stage(stage())])
    plan.parts = [.stage(stage()), .branches([branch, branch])]
    #expect(plan.sourceSeam == .joint)
    guard case .branches(let branches) = plan.seams.last,
      case .stage(_, let before, let behind) = branches[1].first
    else {
      Issue.record("\(plan.seams)")
      return
    }
    #expect(before == .whole && behind == .joint)
  }
}
