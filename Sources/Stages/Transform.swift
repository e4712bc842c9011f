/// A step that makes exactly one output of each input, and keeps nothing.
///
/// ```swift
/// struct Square: Transform {
///   func callAsFunction(_ number: Int) -> Int { number * number }
/// }
/// ```
public protocol Transform<Input, Output>: Codable, Sendable {
  /// What it takes.
  associatedtype Input: Codable & Sendable
  /// What it makes.
  associatedtype Output: Codable & Sendable

  /// Makes the output that belongs to an input.
  func callAsFunction(_ input: Input) throws -> Output

  /// Appends the outputs of many inputs in turn; provided.
  ///
  /// What has been appended when it throws tells which input failed.
  func _transform(_ inputs: ArraySlice<Input>, into outputs: inout [Output]) throws
}

extension Transform {
  /// Calls the transform for each input.
  ///
  /// A requirement with this body is compiled for each transform by itself, in its own module, which
  /// makes the call of a small one part of the loop.
  @inlinable
  public func _transform(_ inputs: ArraySlice<Input>, into outputs: inout [Output]) throws {
    for input in inputs { outputs.append(try self(input)) }
  }
}
