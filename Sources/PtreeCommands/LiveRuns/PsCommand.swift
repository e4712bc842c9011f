internal import ArgumentParser
internal import Glibc
internal import ProcessTree
internal import ProcessTreeProcessControl
internal import ProcessTreeTopologyFormat

/// `ptree ps`: the live runs, or the tree of one.
struct PsCommand: LiveCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "ps", abstract: "Shows the live runs, or the nodes of one.",
      discussion: LiveHelp(
        examples: ["ps": "all runs", "ps shop": "the tree of one", "ps --json": "for programs"],
        codes: [
          0: "done, also if no run is live", LiveExitCode.noAnswer: "",
        ]
      ).text(
        """
        CPU is the processor time that living processes have used, MEMORY their resident set size, in which \
        a page that several share counts for each. What a root does not answer, the kernel does.
        """))
  }

  @Argument(help: "The run whose nodes are shown; without it all runs are.")
  var words: [String] = []

  @OptionGroup var live: LiveOptions

  init() {}

  /// Reads a plain line; nil if it is for the parser.
  init?(plain arguments: [String]) {
    guard arguments.first == "ps",
      let line = PlainLine(arguments.dropFirst(), flags: ["--json", "--quiet"]),
      line.words.count <= 1
    else { return nil }
    var live = LiveOptions()
    (live.json, live.quiet) = (line.has("--json"), line.has("--quiet"))
    (self.words, self.live) = (line.words, live)
  }

  func validate() throws {
    guard words.count <= 1 else { throw ValidationError("ps shows one run at most.") }
  }

  func perform() throws {
    let choice = try RunChoice()
    guard let name = words.first else { return try show(choice.runs) }
    let matches = choice.runs(named: name)
    guard !matches.isEmpty else { throw RunRefusal.noSuchRun(RunChoice.absence(of: name) + ".") }
    let run = try choice.choose([name]).run
    try show(NodeRows(of: run), of: run)
  }

  private func show(_ runs: [LiveRun]) throws {
    let states = RunStates(of: runs)
    // Only root is shown the runs of others.
    let hasUsers = geteuid() == 0
    let rows = runs.map { run in
      let usage = run.usage
      return [run.name, run.givenName ?? "-"] + (hasUsers ? [run.userName] : []) + [
        states.standing(of: run).word, run.root.map { AgeText.text($0.age) } ?? "-",
        "\(run.nodeCount)",
        UsageText.text(usage.processorTime), UsageText.size(usage.memory),
        run.root.map { "\($0.pid)" } ?? "-", run.origin,
      ]
    }
    let heads =
      ["RUN", "NAME"] + (hasUsers ? ["USER"] : [])
      + ["STATE", "AGE", "NODES", "CPU", "MEMORY", "ROOT", "FROM"]
    try show(
      PsDocument.document(runs.map { PsDocument.members(of: $0, states.standing(of: $0)) }),
      runs.isEmpty ? "no live run" : TextColumns.text(heads, rows))
  }

  private func show(_ rows: NodeRows, of run: LiveRun) throws {
    if let note = rows.note { Standard.complain(note) }
    func document() -> JSONValue {
      let standing = rows.standing ?? RunStates(of: [run]).standing(of: run)
      return PsDocument.document([PsDocument.members(of: run, standing) + [("root", rows.json)]])
    }
    try show(
      document(),
      TextColumns.text(
        ["NODE", "STATE", "AGE", "PID", "CPU", "MEMORY", "RESTARTS", "LAST"],
        rows.lines.map { line in
          [
            line.tree + line.row.name, line.row.state, line.row.age.map(AgeText.text) ?? "",
            (line.row.pid.map { "\($0)" } ?? "") + (line.row.host.map { " on \($0)" } ?? ""),
            line.row.usage.map { UsageText.text($0.processorTime) } ?? "",
            line.row.usage.map { UsageText.size($0.memory) } ?? "",
            line.row.restarts.map { "\($0)" } ?? "", line.row.note,
          ]
        }))
  }
}

/// What processes use, for people.
enum UsageText {
  /// A processor time: seconds with a digit behind the point, then as an age.
  static func text(_ time: Duration) -> String {
    let tenths = Int(time / .milliseconds(100))
    return tenths < 600 ? "\(tenths / 10).\(tenths % 10)s" : AgeText.text(time)
  }

  /// A size with one unit.
  static func size(_ bytes: Int) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"]
    var (size, unit) = (Double(bytes) / 1_024, 0)
    while size >= 1_024, unit < units.count - 1 { (size, unit) = (size / 1_024, unit + 1) }
    let tenths = Int((size * 10).rounded())
    return (size < 10 && unit > 0 ? "\(tenths / 10).\(tenths % 10)" : "\(Int(size.rounded()))")
      + " \(units[unit])"
  }
}

extension LiveRun {
  /// The words that its root was started with.
  var origin: String {
    TextColumns.harmless((root?.words ?? []).joined(separator: " "), longest: 60)
  }

  /// The user that its root, or what is left of it, belongs to.
  var userName: String {
    TextColumns.harmless((root ?? processes.first)?.userName ?? "-", longest: 32)
  }
}
