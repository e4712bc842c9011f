internal import ArgumentParser
internal import ProcessTree
internal import ProcessTreeProcessControl
internal import ProcessTreeTopologyFormat

/// `ptree ps`: the live runs, or the tree of one.
struct PsCommand: LiveCommand {
  static let configuration = CommandConfiguration(
    commandName: "ps", abstract: "Shows the live runs, or the nodes of one.")

  @OptionGroup var live: LiveOptions

  func validate() throws {
    guard live.words.count <= 1 else { throw ValidationError("ps shows one run at most.") }
  }

  func perform() throws {
    let choice = try RunChoice()
    guard let name = live.words.first else { return try show(choice.runs) }
    let matches = choice.runs(named: name)
    guard !matches.isEmpty else { throw RunRefusal.noSuchRun("there is no run '\(name)'.") }
    let run = try choice.choose([name]).run
    try show(NodeRows(of: run), of: run)
  }

  private func show(_ runs: [LiveRun]) throws {
    let states = RunStates(of: runs)
    let rows = runs.map { run in
      [
        run.name, run.givenName ?? "-", states.word(for: run),
        run.root.map { AgeText.text($0.age) } ?? "-",
        "\(run.nodeCount)", run.root.map { "\($0.pid)" } ?? "-", run.origin,
      ]
    }
    try show(
      .object([("runs", .list(runs.map { .object($0.members(states)) }))]),
      runs.isEmpty
        ? "no live run"
        : TextColumns.text(["RUN", "NAME", "STATE", "AGE", "NODES", "ROOT", "FROM"], rows))
  }

  private func show(_ rows: NodeRows, of run: LiveRun) throws {
    if let note = rows.note { Standard.error.tell("ptree: \(note)") }
    try show(
      .object([("runs", .list([document(of: run, rows)]))]),
      TextColumns.text(
        ["NODE", "STATE", "AGE", "PID", "RESTARTS", "LAST"],
        rows.lines.map { line in
          [
            line.tree + line.row.name, line.row.state, line.row.age.map(AgeText.text) ?? "",
            line.row.pid.map { "\($0)" } ?? "", line.row.restarts.map { "\($0)" } ?? "",
            line.row.note,
          ]
        }))
  }

  private func document(of run: LiveRun, _ rows: NodeRows) -> JSONValue {
    let members = run.members(rows.note == nil ? RunStates(of: [run]) : nil)
    return .object(
      members + [("answers", .boolean(rows.note == nil)), ("root", rows.json)])
  }
}

extension LiveRun {
  /// The words that its root was started with.
  var origin: String {
    TextColumns.harmless((root?.words ?? []).joined(separator: " "), longest: 60)
  }

  /// - Parameter states: How it stands; nil if its root did not answer.
  func members(_ states: RunStates?) -> [(String, JSONValue)] {
    let word = states?.word(for: self) ?? (isSuspended ? "suspended" : RunStates.noAnswer)
    let counts = states?.counts(of: self)
    return [
      ("run", .text(name)), ("name", givenName.map { .text($0) } ?? .null), ("state", .text(word)),
      ("up", counts.map { .integer($0.up) } ?? .null),
      ("children", counts.map { .integer($0.children) } ?? .null),
      ("rootPid", root.map { .integer(Int($0.pid)) } ?? .null),
      ("age", root.map { .number($0.age / .seconds(1)) } ?? .null),
      ("nodes", .integer(nodeCount)), ("directory", directory.map { .text($0) } ?? .null),
      ("pids", .list(processes.map { .integer(Int($0.pid)) })),
    ]
  }
}
