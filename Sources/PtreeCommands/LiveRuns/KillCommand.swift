internal import ArgumentParser
internal import Glibc
internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeProcessControl
internal import ProcessTreeTopologyFormat

/// `ptree kill`.
struct KillCommand: LiveCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "kill",
      abstract:
        "Kills a live run without its root's help, or nodes of it, which then stay stopped.",
      discussion: LiveHelp(
        examples: [
          "kill shop": "all processes of the run",
          "kill shop web-1": "a node, which stays stopped",
          "kill shop web-1 --signal SEGV": "only a signal",
        ],
        codes: [
          1: "processes are left, or the signal could not be delivered",
          LiveExitCode.impossible: "the node is the root",
          LiveExitCode.noAnswer:
            "the root, which nodes need, does not answer; it is not needed to kill the whole run",
        ]
      ).text(
        "A whole run is killed by its name only, even if no other one is live. "
          + "What comes of a signal is the node's own end, so whether it is started again, its policy decides."
      ))
  }

  @Argument(
    help: LiveHelp.words("the nodes, if not all of it."))
  var words: [String] = []

  @Option(
    help: ArgumentHelp(
      "Deliver this signal and do nothing else: by name or number.", valueName: "signal"))
  var signal: String?

  @OptionGroup var live: LiveOptions

  func perform() throws {
    let choice = try RunChoice()
    // What a dead root has left is killed by the run's number.
    let matches = words.first.map(choice.runs(named:)) ?? []
    let (run, rest) =
      matches.count == 1 ? (matches[0], Array(words.dropFirst())) : try choice.choose(words)
    if let signal {
      let number = try SignalName.number(given: signal)
      return rest.isEmpty
        ? try send(number, to: run)
        : try change(rest, of: run, number: Int(number), .signal)
    }
    guard rest.isEmpty else {
      return try change(
        rest, of: run,
        NodeChange(
          .kill, within: .seconds(30), reason: "kill", wanted: [.killed, .stopped, .alreadyEnded]))
    }
    // A run that is killed runs none of its steps of a stop, so it is not chosen by being the only
    // one.
    guard matches.count == 1 else {
      throw RunRefusal(
        code: ExitStatusCode.usage, kind: "noRun",
        description: "say which run is killed as a whole: "
          + "\(RunningTool.current.name) kill \(run.name)")
    }
    try killAll(of: run)
  }

  private func killAll(of run: LiveRun) throws {
    let (start, label) = (ContinuousClock.now, run.label)
    let isComplete = run.killAll()
    let code = isComplete ? ExitStatusCode.success : ExitStatusCode.failure
    try show(
      .object([
        ("run", .text(run.name)), ("outcome", .text(isComplete ? "killed" : "failed")),
        ("seconds", .number(start.duration(to: .now) / .seconds(1))), ("code", .integer(Int(code))),
      ]), isComplete ? "\(label) killed" : "\(label): processes are left")
    if code != 0 { throw ExitCode(code) }
  }

  /// Sends a signal to the root, as the kernel's `kill` does.
  private func send(_ number: Int32, to run: LiveRun) throws {
    let root = try RunEnd.root(of: run)
    do throws(ProcessControlError) {
      try root.send(number)
    } catch {
      throw RunRefusal(
        code: ExitStatusCode.failure, kind: "notDelivered",
        description: "the root of \(run.label) does not take it: \(error)")
    }
    try show(
      .object([("run", .text(run.name)), ("outcome", .text("delivered"))]),
      "\(run.label) delivered")
  }
}

extension SignalName {
  /// Returns the number of a signal that a user names, in any case, or gives by its number.
  ///
  /// - Throws: A message that names the text if it is no signal.
  fileprivate static func number(given text: String) throws(UsageError) -> Int32 {
    if let number = Int32(text), numbers.contains(number) { return number }
    guard let number = number(of: text.uppercased()) else {
      throw UsageError("there is no signal '\(text)'.")
    }
    return number
  }
}

extension NodeChange {
  /// The delivery of a signal.
  static var signal: Self {
    Self(.signal, within: RunLine.patience, reason: "signal", wanted: [.delivered])
  }
}

/// `ptree signal`: the same as `kill --signal`, with the signal first.
struct SignalCommand: LiveCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "signal",
      abstract: "Delivers a signal to nodes of a live run; what comes of it is their own end.",
      discussion: LiveHelp(
        examples: [
          "signal HUP shop web": "to the commands of all instances of web",
          "signal 10 shop ingest/spool": "by its number",
        ],
        codes: [
          1: "it could not be delivered, or the node had ended",
          LiveExitCode.impossible: "the node is the root",
          ExitStatusCode.timedOut: "the node did not answer",
        ]
      ).text("It goes to the node's commands, or to the node if it runs none."))
  }

  @Argument(help: "The signal, by name or number: HUP, SIGUSR1, 10.")
  var signal: String

  @Argument(help: LiveHelp.words("the nodes."))
  var words: [String] = []

  @OptionGroup var live: LiveOptions

  func perform() throws {
    try change(words, number: Int(try SignalName.number(given: signal)), .signal)
  }
}
