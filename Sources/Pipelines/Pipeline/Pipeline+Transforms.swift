public import ProcessTreeStages

extension Pipeline {
  /// A pipeline of one transform.
  ///
  /// - Parameters:
  ///   - transform: Its code and configuration; every worker begins with a copy.
  ///   - workers: How many nodes work at it.
  ///   - distribution: How they share the input.
  public init<Code: Transform>(
    _ transform: Code, workers: Int = 1, distribution: Distribution<Input> = .balanced
  ) where Code.Input == Input, Code.Output == Output {
    self = Pipeline<Input, Input>.empty.then(
      transform, workers: workers, distribution: distribution)
  }

  /// A pipeline of one transform, each worker of which gets all inputs with its keys.
  public init<Code: Transform, Key: Codable & Hashable & Sendable>(
    _ transform: Code, workers: Int, partitionedBy key: any KeyPath<Input, Key> & Sendable
  ) where Code.Input == Input, Code.Output == Output {
    self.init(transform, workers: workers, distribution: .partitioned(by: key))
  }

  /// The same with a transform behind it.
  ///
  /// - Parameters:
  ///   - transform: Its code and configuration; every worker begins with a copy.
  ///   - workers: How many nodes work at it.
  ///   - distribution: How they share the input.
  ///   - isOrdered: Whether it gets its input in the order of the source, for which it has one
  ///     worker or partitions. The death of a worker then fails the run.
  public func then<Code: Transform>(
    _ transform: Code, workers: Int = 1, distribution: Distribution<Output> = .balanced,
    ordered isOrdered: Bool = false
  ) -> Pipeline<Input, Code.Output> where Code.Input == Output {
    followed(
      by: TransformCode(code: transform), workers: workers, distribution, isOrdered: isOrdered)
  }

  /// The same with a transform behind it, each worker of which gets all that has its keys.
  ///
  /// The key is a stored property; see `Distribution.partitioned(by:)`.
  public func then<Code: Transform, Key: Codable & Hashable & Sendable>(
    _ transform: Code, workers: Int, partitionedBy key: any KeyPath<Output, Key> & Sendable,
    ordered isOrdered: Bool = false
  ) -> Pipeline<Input, Code.Output> where Code.Input == Output {
    then(transform, workers: workers, distribution: .partitioned(by: key), ordered: isOrdered)
  }
}
