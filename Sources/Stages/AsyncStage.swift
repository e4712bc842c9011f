/// A step of work whose body waits: for a file, a service, a child.
///
/// What a `Stage` says of values and state holds here as well. A call costs up to a microsecond;
/// code that only computes is better off as a `Stage`.
public protocol AsyncStage<Input, Output>: Codable, Sendable {
  /// What the stage takes.
  associatedtype Input: Codable & Sendable
  /// What the stage makes.
  associatedtype Output: Codable & Sendable

  /// Whether what the stage makes of an input depends on that input alone; see `Stage/isStateless`.
  static var isStateless: Bool { get }

  /// Takes one input and emits what comes of it: nothing, one value or many.
  nonisolated(nonsending) mutating func process(
    _ input: Input, emit: (Output) throws -> Void
  ) async throws

  /// Called once after the last input.
  nonisolated(nonsending) mutating func finish(emit: (Output) throws -> Void) async throws
}

extension AsyncStage {
  /// False: a stage may keep what it has seen.
  public static var isStateless: Bool { false }

  /// Emits nothing.
  public mutating func finish(emit: (Output) throws -> Void) async throws {}
}
