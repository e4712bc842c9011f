internal import ArgumentParser
internal import ProcessTree
internal import ProcessTreeProcessControl
internal import ProcessTreeTopologyFormat

/// `ptree ps`: the live runs, or the tree of one.
struct PsCommand: LiveCommand {
  static let configuration = CommandConfiguration(
    commandName: "ps", abstract: "Shows the live runs, or the nodes of one.")

  @Argument(help: "The run: its number or the beginning of it, its root's pid, or its name.")
  var name: String?

  @OptionGroup var live: LiveOptions

  func perform() throws {
    let choice = try RunChoice()
    guard let name else { return try show(choice.runs) }
    let matches = choice.runs(named: name)
    guard !matches.isEmpty else { throw RunRefusal.noSuchRun("there is no run '\(name)'.") }
    let run = try choice.choose([name]).run
    try show(NodeRows(of: run), of: run)
  }

  private func show(_ runs: [LiveRun]) throws {
    let rows = runs.map { run in
      [
        run.name, run.givenName ?? "-", run.state, run.root.map { AgeText.text($0.age) } ?? "-",
        "\(run.nodeCount)", run.root.map { "\($0.pid)" } ?? "-", run.origin,
      ]
    }
    try show(
      .object([("runs", .list(runs.map(\.json)))]),
      TextColumns.text(["RUN", "NAME", "STATE", "AGE", "NODES", "ROOT", "FROM"], rows))
  }

  private func show(_ rows: NodeRows, of run: LiveRun) throws {
    if let note = rows.note { Standard.error.tell("ptree: \(note)") }
    var members = run.members
    members.append(("answers", .boolean(rows.note == nil)))
    members.append(("root", rows.json))
    try show(
      .object([("runs", .list([.object(members)]))]),
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
}

extension LiveRun {
  /// The words that its root was started with.
  var origin: String {
    TextColumns.harmless((root?.words ?? []).joined(separator: " "), longest: 60)
  }

  var members: [(String, JSONValue)] {
    [
      ("run", .text(name)), ("name", givenName.map { .text($0) } ?? .null), ("state", .text(state)),
      ("rootPid", root.map { .integer(Int($0.pid)) } ?? .null),
      ("age", root.map { .number($0.age / .seconds(1)) } ?? .null),
      ("nodes", .integer(nodeCount)), ("directory", directory.map { .text($0) } ?? .null),
      ("pids", .list(processes.map { .integer(Int($0.pid)) })),
    ]
  }

  var json: JSONValue { .object(members) }
}
