/// A step of work that makes exactly one output from each input, and keeps no state.
///
/// ```swift
/// struct Square: Transform {
///   func callAsFunction(_ number: Int) -> Int { number * number }
/// }
/// ```
public protocol Transform<Input, Output>: Codable, Sendable {
  /// The type of the inputs.
  associatedtype Input: Codable & Sendable
  /// The type of the outputs.
  associatedtype Output: Codable & Sendable

  /// Returns the output for an input.
  func callAsFunction(_ input: Input) throws -> Output

  /// Appends the outputs for many inputs in order; a default implementation exists.
  ///
  /// - Throws: The error of the first input that fails; the number of appended outputs is its
  ///   index.
  func _transform(_ inputs: ArraySlice<Input>, into outputs: inout [Output]) throws
}

extension Transform {
  /// Calls the transform for each input.
  ///
  /// As a requirement with a default body it is compiled for each transform in that transform's
  /// module, so the compiler can inline the call of a small transform into the loop.
  @inlinable
  public func _transform(_ inputs: ArraySlice<Input>, into outputs: inout [Output]) throws {
    for input in inputs { outputs.append(try self(input)) }
  }
}
