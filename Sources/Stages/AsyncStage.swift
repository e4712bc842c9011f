public import ProcessTree

/// A step of work whose body waits, for a file, a service or a child.
///
/// The rules for values and state of a `Stage` apply here as well. A call costs up to a
/// microsecond; use a `Stage` for code that only computes.
public protocol AsyncStage<Input, Output>: Step {
  /// The type of the stage's inputs.
  associatedtype Input
  /// The type of the stage's outputs.
  associatedtype Output

  /// Processes one input and emits any number of outputs.
  ///
  /// - Throws: Any error of the stage; it fails the input in a pool, and the run of a pipeline.
  nonisolated(nonsending) mutating func process(
    _ input: Input, emit: (Output) throws -> Void
  ) async throws

  /// Emits the remaining outputs; called once after the last input.
  ///
  /// - Throws: Any error of the stage; it fails the input in a pool, and the run of a pipeline.
  nonisolated(nonsending) mutating func finish(emit: (Output) throws -> Void) async throws
}

extension AsyncStage {
  /// False: a stage may keep state.
  public static var isStateless: Bool { false }

  /// Emits nothing.
  ///
  /// - Throws: No error.
  public mutating func finish(emit: (Output) throws -> Void) async throws {}

  /// The traits of every asynchronous stage.
  public static var _traits: StepTraits { StepTraits(suspends: true) }

  /// Calls the body for each input.
  ///
  /// - Throws: The error of the stage.
  public mutating func _process(
    _ inputs: ArraySlice<Input>, separately isSeparate: Bool,
    into outputs: inout StepOutputs<Output>, in node: Node
  ) async throws {
    for input in inputs {
      if isSeparate {
        var copy = self
        try await copy.process(input) { outputs.append($0) }
        try await copy.finish { outputs.append($0) }
      } else {
        try await process(input) { outputs.append($0) }
      }
      outputs.endInput()
    }
  }

  /// Emits the remaining outputs.
  ///
  /// - Throws: The error of the stage.
  public mutating func _finish(into outputs: inout StepOutputs<Output>) async throws {
    try await finish { outputs.append($0) }
  }
}
