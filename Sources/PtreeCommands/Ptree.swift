internal import Foundation
internal import Glibc
public import ProcessTree
public import ProcessTreeTopologies
internal import ProcessTreeTopologyFormat

/// The command-line tool itself: an app without programs of its own.
public struct Ptree: PtreeApp {
  /// Makes the tool; the library does so in the root's process.
  public init() {}

  /// Nothing: a file that has programs names their app.
  public static let catalog = Catalog()
}

extension PtreeApp {
  /// The default settings; a file of few commands starts them without a rehearsal.
  public static var configuration: TreeConfiguration {
    var configuration = TreeConfiguration()
    configuration.rehearsesStarts = EarlyCommands.rehearsesStarts
    return configuration
  }

  /// The entry point: does what the arguments of the process ask for, and exits.
  ///
  /// What needs no tree is done before anything else: a root makes a helper, which such commands do
  /// without.
  public nonisolated static func main() {
    RunningTool.begin(Self.self)
    takeOver()
  }

  /// Parses the arguments of the process, does what they ask for, and exits.
  ///
  /// - Throws: The error of the command.
  public func run(in root: Node) async throws {
    root.exit(try await ToolRoot(root).perform(Array(CommandLine.arguments.dropFirst())))
  }

  /// The text of an error that has one for people, else its own description.
  public static func describe(_ error: any Error) -> String {
    (error as? any LocalizedError)?.errorDescription ?? "\(error)"
  }
}

/// What the running executable is: `ptree`, or an app with programs.
struct RunningTool {
  let name: String
  /// The programs of an app; nil for `ptree`.
  let catalog: Catalog?

  nonisolated(unsafe) private(set) static var current = RunningTool(name: "ptree", catalog: nil)
  /// Whether the standard output was open at the start; a root has the null device there else.
  nonisolated(unsafe) private(set) static var hasOutput = true

  /// Notes what runs, and does what needs no tree.
  static func begin(_ app: any PtreeApp.Type) {
    hasOutput = fcntl(STDOUT_FILENO, F_GETFD) >= 0
    if app != Ptree.self {
      let path = CommandLine.arguments.first ?? "app"
      current = RunningTool(
        name: path.split(separator: "/").last.map(String.init) ?? path, catalog: app.catalog)
    }
    Watchdog.speak(as: current.name)
    EarlyCommands.perform()
  }
}
