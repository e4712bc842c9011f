internal import ArgumentParser
internal import ProcessTreeExamples

/// `ptree run`; each example is a subcommand, so that its help shows its own arguments as well.
struct RunCommand: ParsableCommand {
  static var configuration: CommandConfiguration {
    let tool = RunningTool.current
    guard tool.catalog == nil else {
      return CommandConfiguration(
        commandName: "run", abstract: "Runs a topology file with the programs of this app.",
        usage: "\(tool.name) run FILE [OPTIONS]", subcommands: [RunTopology.self])
    }
    return ofPtree
  }

  private static let ofPtree = CommandConfiguration(
    commandName: "run", abstract: "Runs a topology file, or a bundled example.",
    usage: "ptree run FILE|NAME [ARGUMENTS] [OPTIONS]",
    discussion:
      "'ptree run NAME --help' shows the arguments of an example, 'ptree run FILE --help' those of files.",
    subcommands: [
      RunTopology.self, RunSquares.self, RunTally.self, RunCrash.self, RunNames.self, RunTree.self,
      RunRing.self,
      RunBroadcast.self, RunPrimes.self, RunMapReduce.self, RunWordCount.self, RunLines.self,
      RunRestarts.self, RunSupervised.self,
    ])

  func run() throws {
    guard RunningTool.current.catalog == nil else { throw UsageError("a file is missing.") }
    throw UsageError(
      "a file, or the name of an example, is missing; there are:\n\n"
        + ListCommand.table(indent: "  "))
  }
}

/// A subcommand that runs an example.
protocol ExampleCommand: ParsableCommand {
  /// The options that all examples have.
  var options: RunOptions { get }

  /// The example with the arguments that were given.
  func makeExample() throws -> any Example
}

extension CommandConfiguration {
  /// The name and the lesson of an example.
  init(example: any Example.Type) {
    self.init(commandName: example.name, abstract: "\(example.lesson).")
  }
}
