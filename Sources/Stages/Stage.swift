public import ProcessTree

/// A step of work as plain synchronous code, with any number of outputs for each input.
///
/// A stage is a value. Its properties are its configuration: they travel to each worker, which
/// keeps its own copy as state. Workers call it in batches, so a call costs nanoseconds.
public protocol Stage<Input, Output>: Step {
  /// The type of the stage's inputs.
  associatedtype Input
  /// The type of the stage's outputs.
  associatedtype Output

  /// Processes one input and emits any number of outputs.
  ///
  /// - Throws: Any error of the stage; it fails the input in a pool, and the run of a pipeline.
  mutating func process(_ input: Input, emit: (Output) throws -> Void) throws

  /// Emits the remaining outputs, for instance totals; called once after the last input.
  ///
  /// - Throws: Any error of the stage; it fails the input in a pool, and the run of a pipeline.
  mutating func finish(emit: (Output) throws -> Void) throws
}

extension Stage {
  /// False: a stage may keep state.
  public static var isStateless: Bool { false }

  /// Emits nothing.
  ///
  /// - Throws: No error.
  public mutating func finish(emit: (Output) throws -> Void) throws {}

  /// The traits of every stage.
  public static var _traits: StepTraits { StepTraits() }

  /// Calls the body for each input.
  ///
  /// - Throws: The error of the stage.
  @inlinable
  public mutating func _process(
    _ inputs: ArraySlice<Input>, separately isSeparate: Bool,
    into outputs: inout StepOutputs<Output>, in node: Node
  ) throws {
    // An iterator would copy each input.
    try inputs.withUnsafeBufferPointer { inputs in
      for place in inputs.indices {
        if isSeparate {
          var copy = self
          try copy.process(inputs[place]) { outputs.append($0) }
          try copy.finish { outputs.append($0) }
        } else {
          try process(inputs[place]) { outputs.append($0) }
        }
        outputs.endInput()
      }
    }
  }

  /// Emits the remaining outputs.
  ///
  /// - Throws: The error of the stage.
  @inlinable
  public mutating func _finish(into outputs: inout StepOutputs<Output>) throws {
    try finish { outputs.append($0) }
  }
}
