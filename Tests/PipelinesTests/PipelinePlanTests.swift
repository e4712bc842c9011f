import ProcessTreeRandomTesting
import Testing

@testable import Pipelines

@Suite struct PipelinePlanTests {
  private func stage(
    _ name: String, _ workers: Int = 1, _ sharing: StageDescription.Sharing = .balanced,
    isOrdered: Bool = false
  ) -> PipelineShape {
    .stage(
      StageDescription(name: name, workers: workers, sharing: sharing, isOrdered: isOrdered))
  }

  @Test func stagesKnowTheirPlace() throws {
    let shape = PipelineShape.chain([
      stage("A", 4),
      .branches([
        stage("B", 2, .partitioned), .chain([stage("C", 3, .broadcast), stage("D")]),
      ]),
      stage("E", 2, .partitioned),
    ])
    #expect("\(shape)" == "A×4 → [B×2 | C×3 → D×1] → E×2")
    let plan = try PipelinePlan(shape, isOrdered: false)
    #expect(plan.stages.map(\.description.name) == ["A", "B", "C", "D", "E"])
    #expect(plan.stages.map(\.feeders) == [[], [0], [0], [2], [1, 3]])
    #expect(plan.last == [4])
    #expect(plan.stages.map(\.workers) == [0..<4, 4..<6, 6..<9, 9..<10, 10..<12])
    #expect(plan.stages.map(\.widthBehind) == [10, 2, 2, 2, 1])
    #expect(plan.width == 10 && plan.workerCount == 12 && !plan.restoresOrder)
  }

  @Test func nodesAreNamedAfterStages() throws {
    let shape = PipelineShape.chain([
      stage("Count"), stage("Map<Array<Int>, a/b>"), stage("Count"),
      stage(String(repeating: "Long", count: 40)),
    ])
    let plan = try PipelinePlan(shape, isOrdered: true)
    #expect(plan.stages[0].nodeName(ofWorker: 0) == "Count[1]-1")
    #expect(plan.stages[2].nodeName(ofWorker: 9) == "Count[3]-10")
    // Texts distinguish them too.
    #expect(
      plan.stages.prefix(3).map(\.description.name) == [
        "Count[1]", "Map<Array<Int>, a/b>", "Count[3]",
      ])
    #expect(plan.stages[1].nodeName(ofWorker: 0) == "Map<Array<Int>,_a_b>-1")
    #expect(plan.stages[3].nodeName(ofWorker: 99_999).utf8.count <= 64)
    #expect(plan.restoresOrder)
  }

  @Test func whatCannotBeIsRefused() throws {
    let none = #expect(throws: PipelineError.self) {
      try PipelinePlan(stage("A", 0), isOrdered: false)
    }
    #expect(none?.code == .invalidSize)
    let shape = PipelineShape.chain([stage("A"), stage("B", 2, isOrdered: true)])
    let error = #expect(throws: PipelineError.self) {
      try PipelinePlan(shape, isOrdered: false)
    }
    #expect(error?.code == .orderNotPossible)
    #expect(error?.stage == 1 && error?.stageName == "B")
    _ = try PipelinePlan(stage("A", 2, .partitioned, isOrdered: true), isOrdered: false)
  }

  @Test func stagesKeepNumbersForLaterWorkers() throws {
    func plan(_ workers: Int, isOrdered: Bool = false) throws -> PipelinePlan {
      let kept = StageDescription(name: "A", workers: workers, isStateless: true)
      return try PipelinePlan(.chain([.stage(kept), stage("B", 3)]), isOrdered: isOrdered)
    }
    #expect(try plan(2).stages.map(\.workers) == [0..<64, 64..<67])
    #expect(try plan(100).stages.map(\.workers) == [0..<100, 100..<103])
    #expect(try plan(2, isOrdered: true).stages[0].workers.count == 64)
    #expect(PipelinePlan.envelopesInFlight(workers: 5) == 48)
    try plan(2).check(workers: 64, ofStage: 0)
    try plan(2).check(workers: 1, ofStage: 0)
    try plan(100).check(workers: 100, ofStage: 0)
    let refusals: [(Int, Int, PipelineError.Code)] = [
      (0, 0, .invalidSize), (65, 0, .invalidSize), (-1, 0, .invalidSize), (2, -1, .noSuchStage),
      (2, 2, .noSuchStage), (3, 1, .notResizable),
    ]
    for (count, stage, code) in refusals {
      let error = #expect(throws: PipelineError.self) {
        try plan(2).check(workers: count, ofStage: stage)
      }
      #expect(error?.code == code)
      #expect(error?.stage == stage && error?.message.isEmpty == false)
    }
  }

  @Test func onlyStagesThatLoseNothingAreResized() {
    var stage = StageDescription(name: "A", workers: 2, isStateless: true)
    #expect(stage.obstacleToResizing == nil && stage.mostWorkers == 64)
    stage.isOrdered = true
    #expect(stage.obstacleToResizing != nil && stage.mostWorkers == 2)
    stage.isOrdered = false
    stage.isStateless = false
    #expect(stage.obstacleToResizing != nil)
    for sharing in [StageDescription.Sharing.partitioned, .broadcast] {
      stage = StageDescription(name: "A", workers: 2, sharing: sharing, isStateless: true)
      #expect(stage.obstacleToResizing != nil && stage.mostWorkers == 2 && stage.lanes == 2)
    }
  }

  /// Sends envelopes through random shapes by the folds that workers apply, and looks whether the
  /// numbers at the end run from 0 on without gaps in every stream.
  @Test func numbersStayWithoutGaps() throws {
    var random = SeededGenerator.announced("PipelinePlan")
    for _ in 0..<iterations(500) {
      let shape = PipelineShape.chain((0..<random.int(1...3)).map { _ in self.shape(&random, 2) })
      let plan = try PipelinePlan(shape, isOrdered: false)
      var walk = Walk(plan: plan)
      let sources = (0..<3).map { EnvelopeID(stream: EnvelopeSourceID.source, number: UInt64($0)) }
      let end = walk.leave(shape, sources)
      for (stream, ids) in Dictionary(grouping: end, by: \.stream) {
        #expect(
          ids.map(\.number).sorted() == Array(0..<UInt64(ids.count)),
          "stream \(stream), seed \(random.seed)")
      }
      #expect(end.count { $0.stream == EnvelopeSourceID.source } == 3 * plan.width)
      for stage in plan.stages {
        for worker in stage.workers {
          let finish = end.count { $0.stream == EnvelopeSourceID.finish(ofWorker: worker) }
          #expect(finish == 2 * stage.widthBehind, "seed \(random.seed)")
        }
      }
    }
  }

  private func shape(_ random: inout SeededGenerator, _ depth: Int) -> PipelineShape {
    switch depth == 0 ? 0 : random.int(0...3) {
    case 0, 1:
      let sharing: [StageDescription.Sharing] = [.balanced, .partitioned, .broadcast]
      return stage("S", random.int(1...3), sharing[random.int(0...2)])
    case 2: return .chain((0..<random.int(1...2)).map { _ in shape(&random, depth - 1) })
    default: return .branches((0..<random.int(1...3)).map { _ in shape(&random, depth - 1) })
    }
  }
}

/// Follows identities of envelopes through a shape.
private struct Walk {
  let plan: PipelinePlan
  var nextStage = 0

  /// What leaves a shape for what enters it, with two envelopes that each worker makes at its end.
  mutating func leave(_ shape: PipelineShape, _ entering: [EnvelopeID]) -> [EnvelopeID] {
    switch shape {
    case .stage(let stage):
      let workers = plan.stages[nextStage].workers
      nextStage += 1
      var leaving: [EnvelopeID] = []
      for (lane, worker) in workers.enumerated() {
        if stage.sharing != .balanced || lane == 0 {
          let fold = Fold.lane(
            stage.lanes == 1 ? 0 : lane, of: stage.lanes,
            exempt: EnvelopeSourceID.streams(ofWorkers: worker..<worker + 1))
          leaving += entering.map { fold($0) }
        }
        leaving += (0..<2).map {
          EnvelopeID(stream: EnvelopeSourceID.finish(ofWorker: worker), number: $0)
        }
      }
      return leaving
    case .chain(let parts): return parts.reduce(entering) { leave($1, $0) }
    case .branches(let parts):
      var start = 0
      var leaving: [EnvelopeID] = []
      for part in parts {
        let first = nextStage
        let leavingPart = leave(part, entering)
        let workers =
          plan.stages[first].workers.lowerBound..<plan.stages[nextStage - 1].workers.upperBound
        let fold = Fold(
          before: UInt64(part.width), after: UInt64(shape.width), start: UInt64(start),
          exempt: EnvelopeSourceID.streams(ofWorkers: workers))
        leaving += leavingPart.map { fold($0) }
        start += part.width
      }
      return leaving
    }
  }
}
