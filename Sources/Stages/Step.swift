public import ProcessTree

/// A step of work that other processes do: what pools and pipelines ask of a ``Transform``, a
/// ``Stage`` or an ``AsyncStage``.
///
/// Conform to one of these three; they provide the requirements whose names begin with an
/// underscore. The value travels to each worker, and its type is found there by name, so it is
/// neither private nor local to a function.
public protocol Step<Input, Output>: Codable, Sendable {
  /// The type of the inputs.
  associatedtype Input: Codable & Sendable
  /// The type of the outputs.
  associatedtype Output: Codable & Sendable

  /// Whether the outputs for an input depend on that input alone.
  ///
  /// If a worker of a stateless step dies, another worker processes its inputs again. The state of
  /// any other step dies with its worker, and a pipeline's run fails.
  static var isStateless: Bool { get }

  /// How the step treats its inputs.
  static var _traits: StepTraits { get }

  /// Processes inputs one after another.
  ///
  /// A requirement with default bodies is compiled for each step in the step's own module, so the
  /// compiler can inline the body of a small step into the loop.
  ///
  /// - Parameters:
  ///   - inputs: The inputs.
  ///   - isSeparate: Whether each input gets a copy of the step, which also finishes with it, so
  ///     that its outputs do not depend on other inputs.
  ///   - outputs: Receives the outputs. If this throws, the input that failed is the first one that
  ///     `outputs` does not count.
  ///   - node: The node that does the work.
  /// - Throws: The error of the step.
  nonisolated(nonsending) mutating func _process(
    _ inputs: ArraySlice<Input>, separately isSeparate: Bool,
    into outputs: inout StepOutputs<Output>, in node: Node
  ) async throws

  /// Emits the remaining outputs after the last input.
  ///
  /// - Throws: The error of the step.
  nonisolated(nonsending) mutating func _finish(into outputs: inout StepOutputs<Output>)
    async throws
}

/// How a kind of step treats its inputs.
public struct StepTraits: Sendable {
  /// Whether each input has exactly one output.
  public let isOneToOne: Bool
  /// Whether the body suspends, so that a worker can hear a request to stop while it works.
  public let suspends: Bool
  /// Whether the body may start children.
  public let spawnsChildren: Bool

  /// Makes traits; a step that computes, emits any number of outputs and starts no children has
  /// none.
  public init(isOneToOne: Bool = false, suspends: Bool = false, spawnsChildren: Bool = false) {
    self.isOneToOne = isOneToOne
    self.suspends = suspends
    self.spawnsChildren = spawnsChildren
  }
}
