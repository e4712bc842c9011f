/// A program whose root is a node: the library takes `main` over.
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
/// The fork server is made before `run` and before anything else starts; that is why `main` is the
/// library's. A program with a `main` of its own calls ``takeOver()`` as its first statement.
/// Arguments are parsed inside ``run(in:)``.
public protocol ProcessTreeApp: Sendable {
  /// Makes the app; called in the root alone.
  init()

  /// Runs the root. When it returns, children that are no daemons are joined, daemons are stopped,
  /// and the process exits with 0; when it throws, all are stopped and it exits with 1.
  nonisolated(nonsending) func run(in root: Node) async throws

  /// The settings of the tree; the defaults unless declared otherwise.
  static var configuration: TreeConfiguration { get }

  /// Programs that cannot be found by their name, because they are private or local.
  static var programs: [any NodeProgram.Type] { get }

  /// What an error that a program threw and nobody caught is called, in every node; what `print` says
  /// unless declared otherwise.
  ///
  /// The library does not know Foundation. An app that does uses `LocalizedError` so:
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

  /// None: every program is found by its name.
  public static var programs: [any NodeProgram.Type] { [] }

  /// What `print` says.
  public static func describe(_ error: any Error) -> String { String(describing: error) }

  /// The entry point of an `@main` app.
  public nonisolated static func main() {
    takeOver()
  }

  /// Makes this process the root of a tree, or, in a process that was started as a child, the
  /// child; runs it and exits.
  ///
  /// To be called on the main thread, before anything starts a thread.
  public nonisolated static func takeOver() -> Never {
    Launcher(app: Self.self).run()
  }
}
