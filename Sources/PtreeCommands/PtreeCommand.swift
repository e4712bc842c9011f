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

  /// Parses a command line by the subcommand that its first words name.
  ///
  /// The whole tree of commands, which each would have to wait for, is made for the texts of errors
  /// and of help alone.
  static func parsed(_ arguments: [String]) throws -> any ParsableCommand {
    if let command = plain(arguments) { return command }
    var (type, rest): (any ParsableCommand.Type, _) = (Self.self, arguments[...])
    while let word = rest.first,
      let next = type.configuration.subcommands
        .first(where: { $0.configuration.commandName == word })
    {
      (type, rest) = (next, rest.dropFirst())
    }
    // Of a request for help another command is made.
    if let command = try? type.parseAsRoot(Array(rest)), Swift.type(of: command) == type {
      return command
    }
    return try parseAsRoot(arguments)
  }

  private static func plain(_ arguments: [String]) -> (any ParsableCommand)? {
    switch arguments.first {
    case "check": CheckCommand(plain: arguments)
    case "ps": PsCommand(plain: arguments)
    default: nil
    }
  }

  func run() throws {
    throw UsageError("a command is missing.\n\n" + Self.helpMessage())
  }
}
