public import ProcessTreeStages

extension Pipeline {
  /// A pipeline of one stage.
  ///
  /// - Parameters:
  ///   - stage: Its code and configuration; every worker begins with a copy.
  ///   - workers: How many nodes work at the stage.
  ///   - distribution: How they share the input.
  public init<Code: Stage>(
    _ stage: Code, workers: Int = 1, distribution: Distribution<Input> = .balanced
  ) where Code.Input == Input, Code.Output == Output {
    self = Pipeline<Input, Input>.empty.then(stage, workers: workers, distribution: distribution)
  }

  /// A pipeline of one stage, each worker of which gets all inputs with its keys.
  public init<Code: Stage, Key: Codable & Hashable & Sendable>(
    _ stage: Code, workers: Int, partitionedBy key: any KeyPath<Input, Key> & Sendable
  ) where Code.Input == Input, Code.Output == Output {
    self.init(stage, workers: workers, distribution: .partitioned(by: key))
  }

  /// The same with another stage behind it.
  ///
  /// - Parameters:
  ///   - stage: Its code and configuration; every worker begins with a copy.
  ///   - workers: How many nodes work at the stage.
  ///   - distribution: How they share the input.
  ///   - isOrdered: Whether the stage gets its input in the order of the source, for which it has one
  ///     worker or partitions. The death of a worker then fails the run, whatever the stage.
  public func then<Code: Stage>(
    _ stage: Code, workers: Int = 1, distribution: Distribution<Output> = .balanced,
    ordered isOrdered: Bool = false
  ) -> Pipeline<Input, Code.Output> where Code.Input == Output {
    followed(by: StageCode(code: stage), workers: workers, distribution, isOrdered: isOrdered)
  }

  /// The same with another stage behind it, each worker of which gets all that has its keys.
  ///
  /// The key is a stored property; see `Distribution.partitioned(by:)`.
  public func then<Code: Stage, Key: Codable & Hashable & Sendable>(
    _ stage: Code, workers: Int, partitionedBy key: any KeyPath<Output, Key> & Sendable,
    ordered isOrdered: Bool = false
  ) -> Pipeline<Input, Code.Output> where Code.Input == Output {
    then(stage, workers: workers, distribution: .partitioned(by: key), ordered: isOrdered)
  }
}
