internal import ProcessTree

/// What a worker does with its inputs: a transform, a stage, programs.
///
/// The value travels with the first batch of a call; its type is the kind of worker.
protocol PoolWork: Codable, Sendable {
  associatedtype Input: Codable & Sendable
  associatedtype Output: Codable & Sendable

  /// Whether nodes that do this start children.
  static var spawnsChildren: Bool { get }

  /// Whether a body can be interrupted, so that it pays to ask before a worker is killed.
  static var suspends: Bool { get }

  /// Whether an input may have any number of outputs.
  static var emitsMany: Bool { get }

  /// Does the work of some inputs, one after another.
  ///
  /// Each is counted in `outputs` when it is done: one that throws is the next that is not.
  mutating func run(
    _ inputs: ArraySlice<Input>, into outputs: inout BatchOutputs<Output>, in node: Node
  ) async throws
}

extension PoolWork {
  static var spawnsChildren: Bool { false }
  static var suspends: Bool { false }
  static var emitsMany: Bool { false }
}

/// What has come of a batch, or of a part of it.
struct BatchOutputs<Output: Sendable>: Sendable {
  var values: [Output] = []
  /// How many values each input has, for work that emits many.
  var counts: [Int]?

  /// How many inputs are done.
  var inputCount: Int { counts?.count ?? values.count }
}
