/// Pipelines side by side that all get what the one before them makes; see `merged(ordered:)`.
public struct Branches<Input: Codable & Sendable, Output: Codable & Sendable>: Sendable {
  let pipeline: Pipeline<Input, Output>

  /// One pipeline again: what the branches make as it comes or, if that is asked for, in the order
  /// of the inputs, of each input the first branch's outputs before the second's.
  public func merged(ordered isOrdered: Bool = false) -> Pipeline<Input, Output> {
    isOrdered ? pipeline.inOrder() : pipeline
  }
}

extension Pipeline {
  /// Sends all that this pipeline makes to each of several others.
  ///
  /// ```swift
  /// let checked = Pipeline(Parse(), workers: 2)
  ///   .broadcast(to: Pipeline(Validate()), Pipeline(Enrich(), workers: 2))
  ///   .merged()
  /// ```
  ///
  /// A branch that is slower than the others holds them back once its channels are full.
  public func broadcast<Next>(
    to branches: Pipeline<Output, Next>...
  ) -> Branches<Input, Next> { broadcast(to: branches) }

  /// Sends all that this pipeline makes to each of as many others as there are.
  package func broadcast<Next>(to branches: [Pipeline<Output, Next>]) -> Branches<Input, Next> {
    let fork = PipelineShape.branches(branches.map(\.shape))
    let place = shape.stages.count
    let merged = Pipeline<Input, Next>(shape.followed(by: fork)) {
      [attach, isOrdered] assembly, firstStage, outlet in
      var stage = firstStage + place
      guard !isOrdered, !branches.isEmpty else {
        throw PipelineError(
          isOrdered ? .orderNotPossible : .noBranches,
          isOrdered
            ? "order is restored behind branches or at their first stages, not before them"
            : "there is no branch to send to",
          stage: max(0, stage - 1), stageName: assembly.plan.name(ofStage: stage - 1))
      }
      var start = 0
      var routes: [Outlet<Output>.Route] = []
      for branch in branches {
        let stages = stage..<stage + branch.shape.stages.count
        let fold = Fold(
          before: UInt64(branch.shape.width), after: UInt64(fork.width), start: UInt64(start),
          exempt: assembly.plan.streams(ofStages: stages))
        routes += try branch.attach(assembly, stage, outlet.folding(fold)).routes
        start += branch.shape.width
        stage = stages.upperBound
      }
      return try attach(assembly, firstStage, Outlet(routes: routes))
    }
    return Branches(pipeline: merged)
  }
}

extension PipelinePlan {
  /// The streams that the workers of some stages begin.
  fileprivate func streams(ofStages range: Range<Int>) -> Range<EnvelopeSourceID.Value> {
    let workers = stages[range].map(\.workers)
    guard let first = workers.first, let last = workers.last else { return 0..<0 }
    return EnvelopeSourceID.streams(ofWorkers: first.lowerBound..<last.upperBound)
  }

  fileprivate func name(ofStage stage: Int) -> String {
    stages.indices.contains(stage) ? stages[stage].description.name : ""
  }
}
