/// A step of work as plain synchronous code: inputs in, any number of outputs out.
///
/// A stage is a value: its properties are its configuration and travel to each worker, which then
/// keeps a copy of its own as state. Workers call it in batches, so that a call costs nanoseconds.
public protocol Stage<Input, Output>: Codable, Sendable {
  /// What the stage takes.
  associatedtype Input: Codable & Sendable
  /// What the stage makes.
  associatedtype Output: Codable & Sendable

  /// Whether what the stage makes of an input depends on that input alone.
  ///
  /// A worker of such a stage that is killed is replaced and its inputs are processed again; state of
  /// any other dies with its worker, and the run fails. False unless the stage says otherwise.
  static var isStateless: Bool { get }

  /// Takes one input and emits what comes of it: nothing, one value or many.
  mutating func process(_ input: Input, emit: (Output) throws -> Void) throws

  /// Called once after the last input; a stage that counts emits its totals here.
  mutating func finish(emit: (Output) throws -> Void) throws
}

extension Stage {
  /// False: a stage may keep what it has seen.
  public static var isStateless: Bool { false }

  /// Emits nothing.
  public mutating func finish(emit: (Output) throws -> Void) throws {}
}
