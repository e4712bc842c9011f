/// A program that runs as a node: its properties are its arguments, and `run` returns its result.
///
/// ```swift
/// struct Square: NodeProgram {
///   var number: Int
///   func run(in node: Node) async throws -> Int { number * number }
/// }
/// ```
///
/// The value is encoded, sent to the new process and decoded there, so everything that it needs
/// must be a `Codable` property. The child finds the type by its name, so it must not be `private`,
/// `fileprivate` or local to a function, unless the app lists it in `ProcessTreeApp.programs`.
///
/// `run` is called on the node's event loop. `async let` and task groups in it are concurrent, not
/// parallel. Use a child, or ``Node/offload(_:)``, for work on another core.
public protocol NodeProgram: Codable, Sendable {
  /// The result's type: any `Codable` type, or `Void`.
  associatedtype Output: Sendable

  /// Runs the program; the node ends when it returns or throws.
  ///
  /// - Throws: Any error of the program; the parent gets it as a ``RemoteFailure``.
  nonisolated(nonsending) func run(in node: Node) async throws -> Output

  /// Whether nodes with this program start children; true by default.
  ///
  /// A node that does not is cheaper, because it needs no fork server. If it starts children
  /// anyway, it uses `StartMethod.spawn` and an event reports this.
  static var spawnsChildren: Bool { get }

  /// Whether the program computes or blocks for long without suspending; false by default.
  ///
  /// Such a program keeps its node's event loop from turning, which is what a hung one does. So the
  /// tree's ``TreeConfiguration/liveness`` does not hold for it, but one that is given to the child
  /// itself does. ``Node/withoutLiveness(_:)`` declares a part of a program.
  static var worksSynchronously: Bool { get }

  /// Encodes a result; provided for `Codable` results and for `Void`.
  ///
  /// - Throws: An `EncodingError`, or the error of the result.
  static func _encode(_ output: Output) throws -> [UInt8]

  /// Decodes a result; provided for `Codable` results and for `Void`.
  ///
  /// - Throws: A `DecodingError`, or the error of the result.
  static func _decode(_ bytes: [UInt8]) throws -> Output
}

extension NodeProgram {
  /// True, so a node may have children.
  public static var spawnsChildren: Bool { true }

  /// False, so the program suspends often.
  public static var worksSynchronously: Bool { false }
}
