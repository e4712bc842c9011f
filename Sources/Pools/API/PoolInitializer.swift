public import ProcessTree

/// Something that each worker of a pool does once, before it takes work: loads a model, opens a
/// file.
///
/// When it throws, the pool fails with the code `initializerFailed`: no further worker is
/// tried.
public protocol PoolInitializer: Codable, Sendable {
  /// Prepares the worker's process; called on the worker's event loop.
  ///
  /// - Throws: Any error of the initializer; the pool then fails with `initializerFailed`.
  nonisolated(nonsending) func run(in node: Node) async throws

  /// Whether it starts children; false unless declared otherwise.
  static var spawnsChildren: Bool { get }
}

extension PoolInitializer {
  /// False: an initializer starts no children.
  public static var spawnsChildren: Bool { false }
}

/// For pools without an initializer.
struct NoInitializer: PoolInitializer {
  func run(in node: Node) async throws {}
}
