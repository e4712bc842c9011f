public import ProcessTree
public import ProcessTreeStages

extension Pipeline {
  /// Makes a pipeline of one step.
  ///
  /// - Parameters:
  ///   - step: The code and configuration; every worker begins with a copy.
  ///   - workers: How many nodes work at the step.
  ///   - distribution: How they share the input.
  ///   - attempts: How many workers of a stateless step may die with an item before it is
  ///     quarantined.
  ///   - place: Where the nodes run; see `then(_:workers:distribution:attempts:ordered:on:)`.
  public init<Work: Step>(
    _ step: Work, workers: Int = 1, distribution: Distribution<Input> = .balanced,
    attempts: Int = 3, on place: (any Place)? = nil
  ) where Work.Input == Input, Work.Output == Output {
    self = Pipeline<Input, Input>.empty.then(
      step, workers: workers, distribution: distribution, attempts: attempts, on: place)
  }

  /// Appends a step.
  ///
  /// ```swift
  /// Pipeline(Tokenize(), workers: 4)
  ///   .then(Count(), workers: 2, distribution: .partitioned(by: \.word))
  /// ```
  ///
  /// - Parameters:
  ///   - step: The code and configuration; every worker begins with a copy.
  ///   - workers: How many nodes work at the step.
  ///   - distribution: How they share the input.
  ///   - attempts: How many workers of a stateless step may die with an item before it is
  ///     quarantined.
  ///   - isOrdered: Whether the step gets its input in the order of the source; it then has one
  ///     worker or partitions. The death of a worker fails the run, even if the step is stateless.
  ///   - place: The hosts on which the nodes run, or `OwnHost()`; `nil` for those of the run.
  public func then<Work: Step>(
    _ step: Work, workers: Int = 1, distribution: Distribution<Output> = .balanced,
    attempts: Int = 3, ordered isOrdered: Bool = false, on place: (any Place)? = nil
  ) -> Pipeline<Input, Work.Output> where Work.Input == Output {
    then(
      step, named: String(describing: Work.self), workers: workers, distribution: distribution,
      attempts: attempts, ordered: isOrdered, on: place)
  }

  /// The same with a name of the stage.
  package func then<Work: Step>(
    _ step: Work, named name: String, workers: Int, distribution: Distribution<Output>,
    attempts: Int, ordered isOrdered: Bool, on place: (any Place)? = nil
  ) -> Pipeline<Input, Work.Output> where Work.Input == Output {
    followed(
      by: StageBlueprint(
        description: StageDescription(
          name: name, workers: workers, sharing: distribution.sharing,
          isStateless: Work.isStateless, attempts: attempts, isOrdered: isOrdered || self.isOrdered),
        distribution: distribution, place: place
      ) { inlet, outlets, place in
        StageWorker(step: step, inlet: inlet, outlets: outlets, place: place)
      })
  }
}
