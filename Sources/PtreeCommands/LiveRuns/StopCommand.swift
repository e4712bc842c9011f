internal import ArgumentParser
internal import ProcessTree
internal import ProcessTreeProcessControl
internal import ProcessTreeTopologyFormat

/// `ptree stop`.
struct StopCommand: LiveCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "stop",
      abstract:
        "Stops a live run or nodes of it, and waits until their processes have been reaped.",
      discussion: LiveHelp(
        examples: [
          "stop shop": "the whole run", "stop shop 'web*' mail": "nodes, which then stay stopped",
          "stop shop --plan": "only show the order and the times",
          "stop --all-runs --within 5": "all runs of this user",
        ],
        codes: [
          0: "stopped, or had ended already", 1: "something had to be killed",
          LiveExitCode.impossible: "no supervisor keeps the node, or --plan of a run of no file",
          LiveExitCode.noAnswer:
            "the root is suspended (one that does not answer gets SIGTERM, then a second one)",
          ExitStatusCode.timedOut: "the time was over first; the stop goes on",
        ]
      ).text())
  }

  @Argument(help: LiveHelp.words("the nodes, if not all of it."))
  var words: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The time for the stop of the whole run.", valueName: "seconds"))
  var within: Seconds?

  @Option(help: "Why, for the nodes and their reports.")
  var reason = "stop"

  @Flag(help: "Only show in which order the run would be stopped, and how long that takes at most.")
  var plan = false

  @Flag(help: "Return as soon as the stop has been requested.")
  var noWait = false

  @Flag(help: "Stop all live runs of this user at the same time.")
  var allRuns = false

  @OptionGroup var waiting: WaitOptions
  @OptionGroup var live: LiveOptions

  func validate() throws {
    guard !allRuns || words.isEmpty && !plan else {
      throw ValidationError("--all-runs goes with neither a run nor --plan.")
    }
  }

  func perform() throws {
    guard !allRuns else { return try stopAll() }
    let (run, rest) = try RunChoice().choose(words)
    guard !plan else { return try showPlan(of: run) }
    guard rest.isEmpty else {
      return try change(
        [run.name] + rest,
        NodeChange(.stop, within: waiting.time, reason: reason, wanted: [.stopped, .alreadyEnded]))
    }
    let stop = try RunStop(run, until: deadline, live)
    try stop.request(within: within?.duration, reason: reason)
    if !noWait { try stop.finish() }
  }

  /// When the command gives up, whatever it waits for then.
  private var deadline: ContinuousClock.Instant {
    let usual = max(WaitOptions.usual, (within?.duration ?? .zero) + .seconds(5))
    return .now + (waiting.timeout?.duration ?? usual)
  }

  private func stopAll() throws {
    let runs = try RunChoice().runs.filter(\.isOwn)
    guard !runs.isEmpty else { return try show(.object([("runs", .list([]))]), "no live run") }
    let deadline = deadline
    var code = ExitStatusCode.success
    func attempt<Value>(_ step: () throws -> Value) throws -> Value? {
      do {
        return try step()
      } catch let refusal as RunRefusal {
        try tell(refusal)
        code = max(code, refusal.code)
      } catch let exit as ExitCode {
        code = max(code, exit.rawValue)
      }
      return nil
    }
    // All hear of it before any is waited for.
    let stops = try runs.compactMap { run in
      try attempt {
        let stop = try RunStop(run, until: deadline, live)
        try stop.request(within: within?.duration, reason: reason)
        return stop
      }
    }
    if !noWait { for stop in stops { _ = try attempt { try stop.finish() } } }
    if code != ExitStatusCode.success { throw ExitCode(code) }
  }

  private func showPlan(of run: LiveRun) throws {
    let note = live.json ? RunNotes.Note.planJSON : .plan
    guard let plan = run.directory.flatMap({ RunNotes.read(note, in: $0) }) else {
      throw RunRefusal(
        code: LiveExitCode.impossible, kind: "noPlan",
        description: "\(run.label) is no run of a file, so its order of stop is its program's.")
    }
    try Standard.output.write(plan)
  }
}
