internal import ArgumentParser
internal import ProcessTree

/// Options of a run that goes on without its terminal.
struct DetachOptions: ParsableArguments {
  @Flag(
    help: """
      Return as soon as all nodes are up or have ended, and print the run's number and name; the \
      run goes on without this terminal.
      """)
  var detach = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "With --detach: how long nodes have to be up; otherwise the run is stopped, and the exit code is 124.",
      valueName: "seconds"))
  var wait = DetachSettings().wait

  @Option(
    help: ArgumentHelp(
      "With --detach: append what the run prints to this file; 'ptree logs' has the last lines anyway.",
      valueName: "file"))
  var log: String?

  func validate() throws { try settings.validate() }

  /// The values of these options.
  var settings: DetachSettings { DetachSettings(detach: detach, wait: wait, log: log) }
}

/// The values of the options for a run that goes on without its terminal.
struct DetachSettings {
  var detach = false
  var wait = Seconds(duration: .seconds(60))
  var log: String?

  /// The options of a plain line that take a value.
  static let ofPlainLines = ["--wait", "--log"]

  func validate() throws {
    guard detach || log == nil else { throw ValidationError("--log goes with --detach.") }
  }
}

extension DetachSettings {
  /// Takes the options of a plain line; nil if it is for the parser.
  init?(_ line: PlainLine) {
    self.init(detach: line.has("--detach"))
    guard line.read("--wait", Seconds.init(argument:), { wait = $0 }),
      line.read("--log", { $0 }, { log = $0 }),
      (try? validate()) != nil
    else { return nil }
  }
}
