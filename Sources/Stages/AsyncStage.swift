/// A step of work whose body waits, for a file, a service or a child.
///
/// The rules for values and state of a `Stage` apply here as well. A call costs up to a
/// microsecond; use a `Stage` for code that only computes.
public protocol AsyncStage<Input, Output>: Codable, Sendable {
  /// The type of the stage's inputs.
  associatedtype Input: Codable & Sendable
  /// The type of the stage's outputs.
  associatedtype Output: Codable & Sendable

  /// Whether the outputs for an input depend on that input alone; see `Stage/isStateless`.
  static var isStateless: Bool { get }

  /// Processes one input and emits any number of outputs.
  ///
  /// - Throws: Any error of the stage; it fails the run.
  nonisolated(nonsending) mutating func process(
    _ input: Input, emit: (Output) throws -> Void
  ) async throws

  /// Emits the remaining outputs; called once after the last input.
  nonisolated(nonsending) mutating func finish(emit: (Output) throws -> Void) async throws
}

extension AsyncStage {
  /// False: a stage may keep state.
  public static var isStateless: Bool { false }

  /// Emits nothing.
  public mutating func finish(emit: (Output) throws -> Void) async throws {}
}
