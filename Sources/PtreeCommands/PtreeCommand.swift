internal import ArgumentParser

/// `ptree` itself: its subcommands.
struct PtreeCommand: ParsableCommand {
  /// The version of the tool, also in an app.
  static let version = "0.1.0"

  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: RunningTool.current.name,
      abstract: "Runs trees of processes.",
      discussion: """
        Exit codes: the run's own; 1 when it failed, 2 for bad usage or input, 124 when it took \
        longer than it may, 128 and the signal's number when a signal ended it.
        """,
      version: version,
      subcommands: [
        RunCommand.self, CheckCommand.self, GraphCommand.self, SchemaCommand.self,
        ImportCommand.self,
        ListCommand.self,
      ] + (RunningTool.current.catalog == nil ? [ChaosCommand.self] : []) + [
        PsCommand.self, LogsCommand.self, WhyCommand.self, StopCommand.self, KillCommand.self,
        WaitCommand.self, HostsCommand.self,
        StartCommand.self, RestartCommand.self, ScaleCommand.self, SignalCommand.self,
      ])
  }

  func run() throws {
    throw UsageError("a command is missing.\n\n" + Self.helpMessage())
  }
}
