/// A step of work as plain synchronous code, with any number of outputs for each input.
///
/// A stage is a value. Its properties are its configuration: they travel to each worker, which
/// keeps its own copy as state. Workers call it in batches, so a call costs nanoseconds.
public protocol Stage<Input, Output>: Codable, Sendable {
  /// The type of the stage's inputs.
  associatedtype Input: Codable & Sendable
  /// The type of the stage's outputs.
  associatedtype Output: Codable & Sendable

  /// Whether the outputs for an input depend on that input alone; false by default.
  ///
  /// If a worker of a stateless stage dies, another worker processes its inputs again. The state of
  /// any other stage dies with its worker, and the run fails.
  static var isStateless: Bool { get }

  /// Processes one input and emits any number of outputs.
  ///
  /// - Throws: Any error of the stage; it fails the run.
  mutating func process(_ input: Input, emit: (Output) throws -> Void) throws

  /// Emits the remaining outputs, for instance totals; called once after the last input.
  mutating func finish(emit: (Output) throws -> Void) throws
}

extension Stage {
  /// False: a stage may keep state.
  public static var isStateless: Bool { false }

  /// Emits nothing.
  public mutating func finish(emit: (Output) throws -> Void) throws {}
}
