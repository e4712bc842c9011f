internal import ArgumentParser
internal import Glibc

extension Ptree {
  /// Does what needs no tree, and exits; returns for the commands that are the root of one.
  ///
  /// To be called before anything else: a root makes a helper, which such commands do without.
  public static func performWithoutTree() {
    // A child that was started by `spawn` has the arguments of the root.
    guard getenv("PROCESS_TREE_BOOTSTRAP") == nil else { return }
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard let first = arguments.first, commands.contains(first) else { return }
    exit(perform(arguments))
  }

  /// The first words of commands that start no process.
  private static let commands: Set<String> = [
    "check", "schema", "list", "help", "--help", "-h", "--version",
  ]

  private static func perform(_ arguments: [String]) -> Int32 {
    do {
      var command = try PtreeCommand.parseAsRoot(arguments)
      try command.run()
      return ExitStatusCode.success
    } catch {
      return report(error)
    }
  }
}
