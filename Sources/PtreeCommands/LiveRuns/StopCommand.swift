internal import ArgumentParser
internal import Foundation
internal import Glibc
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
    guard !plan else {
      guard let word = rest.first else { return try showPlan(of: run) }
      guard rest.count < words.count else {
        throw RunRefusal.noSuchRun(RunChoice.absence(of: word) + ".")
      }
      throw UsageError("--plan shows the stop of a whole run, so '\(word)' does not go with it.")
    }
    guard rest.isEmpty else {
      return try change(
        rest, of: run,
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
    // The end of the run that this command is a part of is its own, so that one waits for all
    // others.
    let here = RunTag.read(of: getpid())?.run
    guard !runs.isEmpty else { return try show(.object([("runs", .list([]))]), "no live run") }
    let deadline = deadline
    var code = ExitStatusCode.success
    func attempt<Value>(_ run: LiveRun, _ step: () throws -> Value) throws -> Value? {
      do {
        return try step()
      } catch let refusal as RunRefusal {
        if refusal.code == LiveExitCode.notFound, run.hasEndedSince { return nil }
        try tell(refusal)
        code = max(code, refusal.code)
      } catch let exit as ExitCode {
        code = max(code, exit.rawValue)
      }
      return nil
    }
    for part in [runs.filter { $0.id != here }, runs.filter { $0.id == here }] {
      // All hear of it before any is waited for.
      let stops = try part.compactMap { run in
        try attempt(run) {
          let stop = try RunStop(run, until: deadline, live)
          try stop.request(within: within?.duration, reason: reason)
          return (run, stop)
        }
      }
      if !noWait { for (run, stop) in stops { _ = try attempt(run) { try stop.finish() } } }
    }
    if code != ExitStatusCode.success { throw ExitCode(code) }
  }

  private func showPlan(of run: LiveRun) throws {
    guard
      var order = run.note(.plan).flatMap({
        try? JSONDecoder().decode(StopOrder.self, from: Data($0.utf8))
      })
    else {
      throw RunRefusal(
        code: LiveExitCode.impossible, kind: "noPlan",
        description: "\(run.label) is no run of a file, so its order of stop is its program's.")
    }
    do {
      try count(&order, in: run)
    } catch let refusal as RunRefusal where !order.templates.isEmpty {
      Standard.complain("\(refusal) The numbers of instances are those of the file.")
    } catch is RunRefusal {
      // Nothing has changed.
    }
    try show(order.document, order.text)
  }

  /// Notes how many instances templates have now.
  private func count(_ order: inout StopOrder, in run: LiveRun) throws {
    guard !order.templates.isEmpty else { return }
    var line = try RunLine(run)
    let names = try line.request(.tree).nodes.filter { $0.address.parent == .root }.map(\.name)
    for template in order.templates {
      order.count(
        template,
        names.count { name in
          name.hasPrefix(template + "-") && Int(name.dropFirst(template.count + 1)) != nil
        })
    }
  }
}

extension LiveRun {
  /// Whether its root lived when it was looked at, and lives no more.
  fileprivate var hasEndedSince: Bool {
    guard let root else { return false }
    return Process(root.pid)?.startTime != root.startTime
  }
}
