public import ProcessTreeStages

// Stages that do not fit would be reported as a call that matches nothing, because each kind of stage
// has an overload of its own. These match what the others do not, and say what is wrong.

extension Pipeline {
  /// Says that a stage does not fit.
  @_disfavoredOverload
  @available(
    *, unavailable,
    message: "the stage does not fit: its Input is not the Output of the stage before it"
  )
  public func then<Code: Stage>(
    _ stage: Code, workers: Int = 1, ordered isOrdered: Bool = false
  ) -> Pipeline<Input, Code.Output> { fatalError() }

  /// Says that a stage does not fit.
  @_disfavoredOverload
  @available(
    *, unavailable,
    message: "the stage does not fit: its Input is not the Output of the stage before it"
  )
  public func then<Code: AsyncStage>(
    _ stage: Code, workers: Int = 1, ordered isOrdered: Bool = false
  ) -> Pipeline<Input, Code.Output> { fatalError() }

  /// Says that a stage does not fit.
  @_disfavoredOverload
  @available(
    *, unavailable,
    message: "the stage does not fit: its Input is not the Output of the stage before it"
  )
  public func then<Code: Transform>(
    _ stage: Code, workers: Int = 1, ordered isOrdered: Bool = false
  ) -> Pipeline<Input, Code.Output> { fatalError() }
}
