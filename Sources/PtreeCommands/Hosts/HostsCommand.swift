internal import ArgumentParser

/// `ptree hosts`: the uses of hosts beside running nodes on them.
struct HostsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hosts", abstract: "Checks the hosts that nodes are to run on.",
    subcommands: [HostsCheck.self])

  func run() throws {
    throw UsageError(
      "say what to do: '\(RunningTool.current.name) hosts check FILE', or 'hosts check --host DESTINATION'."
    )
  }
}
