/// A program that runs as a node: its properties are its arguments, what `run` returns is its result.
///
/// ```swift
/// struct Square: NodeProgram {
///   var number: Int
///   func run(in node: Node) async throws -> Int { number * number }
/// }
/// ```
///
/// The value is encoded, sent to the new process and decoded there, so everything that it needs must
/// be a `Codable` property. The type is found in the child by its name: it must not be `private`,
/// `fileprivate` or local to a function, unless the app lists it in `ProcessTreeApp.programs`.
///
/// `run` is called on the node's event loop. `async let` and task groups in it are concurrent, not
/// parallel; work for another core belongs in a child, or in ``Node/offload(_:)``.
public protocol NodeProgram: Codable, Sendable {
  /// What the program returns: any `Codable` type, or nothing.
  associatedtype Output: Sendable

  /// Runs the program; the node ends when it returns or throws.
  nonisolated(nonsending) func run(in node: Node) async throws -> Output

  /// Whether nodes with this program start children of their own; true unless declared otherwise.
  ///
  /// A node that does not is cheaper, because it needs no fork server. Should it start children
  /// after all, they are started by `StartMethod.spawn`, and an event says so.
  static var spawnsChildren: Bool { get }

  /// Encodes a result; provided for `Codable` results and for none.
  static func _encode(_ output: Output) throws -> [UInt8]

  /// Decodes a result; provided for `Codable` results and for none.
  static func _decode(_ bytes: [UInt8]) throws -> Output
}

extension NodeProgram {
  /// True: a node may have children unless its program says that it will not.
  public static var spawnsChildren: Bool { true }
}
