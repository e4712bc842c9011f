public import ProcessTree

/// A step of work that makes exactly one output from each input, and keeps no state.
///
/// ```swift
/// struct Square: Transform {
///   func callAsFunction(_ number: Int) -> Int { number * number }
/// }
/// ```
public protocol Transform<Input, Output>: Step {
  /// The type of the inputs.
  associatedtype Input
  /// The type of the outputs.
  associatedtype Output

  /// Returns the output for an input.
  ///
  /// - Throws: Any error of the transform; it fails the input in a pool, and the run of a pipeline.
  func callAsFunction(_ input: Input) throws -> Output
}

extension Transform {
  /// True: an output depends on its input alone.
  public static var isStateless: Bool { true }

  /// The traits of every transform.
  public static var _traits: StepTraits { StepTraits(isOneToOne: true) }

  /// Calls the body for each input.
  ///
  /// - Throws: The error of the transform.
  @inlinable
  public mutating func _process(
    _ inputs: ArraySlice<Input>, separately isSeparate: Bool,
    into outputs: inout StepOutputs<Output>, in node: Node
  ) throws {
    // An iterator would copy each input.
    try inputs.withUnsafeBufferPointer { inputs in
      for place in inputs.indices {
        outputs.append(try self(inputs[place]))
        outputs.endInput()
      }
    }
  }

  /// Emits nothing.
  @inlinable
  public mutating func _finish(into outputs: inout StepOutputs<Output>) {}
}
