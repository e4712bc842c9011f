/// A program whose root is a node, and whose `main` belongs to the library.
///
/// ```swift
/// @main
/// struct Squares: ProcessTreeApp {
///   func run(in root: Node) async throws {
///     let child = try await root.spawn(Square(number: 12))
///     print(child.name, try await child.result)
///   }
/// }
/// ```
///
/// The library owns `main` because it has to fork the fork server before anything else starts. A
/// program with a `main` of its own calls ``takeOver()`` as its first statement. Parse arguments
/// inside ``run(in:)``.
public protocol ProcessTreeApp: Sendable {
  /// Makes the app; the library calls it in the root only.
  init()

  /// Runs the root.
  ///
  /// When it returns, the root joins children that are not daemons, stops daemons and exits with 0.
  /// When it throws, the root stops all children and exits with 1.
  ///
  /// - Throws: Any error of the app.
  nonisolated(nonsending) func run(in root: Node) async throws

  /// The settings of the tree; the default settings unless the app declares others.
  static var configuration: TreeConfiguration { get }

  /// Private and local programs, which cannot be found by their names, and programs whose children
  /// start quickly.
  ///
  /// Before the first child the root decodes each once from a map without keys, so that its
  /// children need not look up the types for that. An `init(from:)` of your own throws then, as for
  /// any wrong data.
  static var programs: [any NodeProgram.Type] { get }

  /// Describes an uncaught error of a program, in every node; by default as `print` does.
  ///
  /// The library does not use Foundation. An app that does can use `LocalizedError`:
  ///
  /// ```swift
  /// static func describe(_ error: any Error) -> String {
  ///   (error as? any LocalizedError)?.errorDescription ?? "\(error)"
  /// }
  /// ```
  static func describe(_ error: any Error) -> String
}

extension ProcessTreeApp {
  /// The default settings.
  public static var configuration: TreeConfiguration { TreeConfiguration() }

  /// No programs: each is found by its name.
  public static var programs: [any NodeProgram.Type] { [] }

  /// Describes an error as `print` does.
  public static func describe(_ error: any Error) -> String { String(describing: error) }

  /// The entry point of an `@main` app.
  public nonisolated static func main() {
    takeOver()
  }

  /// Runs this process as the root of a tree, or as a child if it was started as one, and exits.
  ///
  /// Call it on the main thread, before anything starts a task or a thread: in an async `main` it
  /// ends the process with a message about that.
  public nonisolated static func takeOver() -> Never {
    Launcher(app: Self.self).run()
  }
}
