/// A chain of stages as one value, each with workers that are children of the node that runs it.
///
/// ```swift
/// let words = Pipeline(Tokenize(), workers: 4)
///   .then(Count(), workers: 2, distribution: .partitioned(by: \.word))
///   .then(Merge())
/// let table = try await root.run(over: lines, using: words)
/// ```
///
/// Between stages are work channels, so that nothing waits for the whole, and memory is bounded
/// whatever the size of the input. What a worker had that died is given to its successor if the
/// stage is stateless (see `Stage.isStateless`), and recorded once all the same; the death of any
/// other worker fails the run.
public struct Pipeline<Input: Codable & Sendable, Output: Codable & Sendable>: Sendable {
  /// Makes the channels and workers of all stages, from the last one on; the way into the first.
  typealias Attach =
    @Sendable (
      _ assembly: Assembly, _ firstStage: Int, _ outlet: Outlet<Output>
    ) throws -> Outlet<Input>

  let shape: PipelineShape
  let isOrdered: Bool
  let attach: Attach

  init(_ shape: PipelineShape, isOrdered: Bool = false, attach: @escaping Attach) {
    self.shape = shape
    self.isOrdered = isOrdered
    self.attach = attach
  }

  /// The same with outputs in the order of the inputs that they came of.
  ///
  /// What stages emit when they finish comes last. Outputs of one input that were divided among
  /// workers by a partition or a broadcast come worker after worker. Behind this a stage has one
  /// worker, or gets its input partitioned.
  public func inOrder() -> Self { Self(shape, isOrdered: true, attach: attach) }
}

extension Pipeline: CustomStringConvertible {
  /// The stages with the numbers of their workers: "Tokenize×4 → Count×2 → Merge×1".
  public var description: String { shape.description }
}

extension Pipeline where Input == Output {
  /// No stage yet.
  package static var empty: Self { Self(.chain([])) { _, _, outlet in outlet } }
}

extension Pipeline {
  /// Appends a stage whose workers run any program.
  func followed<Next, Program>(
    by stage: StageBlueprint<Output, Next, Program>
  ) -> Pipeline<Input, Next> {
    let place = shape.stages.count
    return Pipeline<Input, Next>(shape.followed(by: .stage(stage.description))) {
      [attach] assembly, firstStage, outlet in
      let inlet = try stage.attach(assembly, firstStage + place, outlet)
      return try attach(assembly, firstStage, inlet)
    }
  }
}
