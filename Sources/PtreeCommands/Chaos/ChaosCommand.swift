internal import ArgumentParser
internal import ProcessTreeExamples

/// `ptree chaos`: an example under faults.
struct ChaosCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chaos", abstract: "Runs an example again and again under random faults.",
    usage:
      "ptree chaos NAME [ARGUMENTS] [--seed S] [--kill R] [--stop R] [--cut R] [--duration T] [OPTIONS]",
    discussion: """
      The example, its arguments and options are those of 'ptree run'. It runs once without \
      faults, then under them, and after each round these hold: nothing is lost or doubled, each \
      end has a named cause, a stop stays within its bound, no process, zombie, descriptor or file \
      is left. The seed decides the kinds, times and choices of faults, not how fast processes run.

      Exit codes: 0 if all holds; 1 if something does not, with the seed, the step and the \
      invariant on standard error; 2 for bad usage or input; 128 and the signal's number when a \
      signal ended it and all held until then.
      """)

  @OptionGroup var chaos: ChaosOptions

  @Argument(
    parsing: .allUnrecognized,
    help: "The name of an example with its arguments and options, as 'ptree run' takes them.")
  var example: [String] = []

  /// The command that would run the example without faults.
  func exampleCommand() throws -> any ExampleCommand {
    let command = try PtreeCommand.parsed(try ArgumentOrder.nameFirst(["run"] + example))
    guard let command = command as? any ExampleCommand else {
      throw UsageError("the name of an example is missing; 'ptree list' shows them.")
    }
    guard command.options.startMethod != .inProcess else {
      throw UsageError("faults need processes; --start-method is forkServer or spawn.")
    }
    guard command.options.settings.hosts.isEmpty else {
      throw UsageError("faults hit processes of this machine; --host and --hosts are for 'run'.")
    }
    guard command.options.timeout == nil else {
      throw UsageError("--timeout is for 'ptree run'; --duration says how long faults come.")
    }
    return command
  }
}
