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
}
