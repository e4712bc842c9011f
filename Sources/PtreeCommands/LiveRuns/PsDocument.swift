internal import Foundation
internal import ProcessTree
internal import ProcessTreeProcessControl
internal import ProcessTreeTopologyFormat

/// What `ptree ps --json` prints: the schema is `Docs/ps.schema.json`.
enum PsDocument {
  /// The version of the schema: within one, members are added and none changes its meaning.
  static let version = 1

  static func document(_ runs: [[(String, JSONValue)]]) -> JSONValue {
    .object([("version", .integer(version)), ("runs", .list(runs.map { .object($0) }))])
  }

  static func members(of run: LiveRun, _ standing: RunStanding) -> [(String, JSONValue)] {
    let (status, usage) = (standing.status, run.usage)
    return [
      ("run", .text(run.name)), ("name", run.givenName.map { .text($0) } ?? .null),
      ("user", .text(run.userName)), ("state", .text(standing.word)),
      ("answers", .boolean(status != nil)),
      ("tool", run.tool.map { .text($0) } ?? .null),
      ("protocol", standing.version.map { .text($0) } ?? .null),
      ("up", status.map { .integer($0.up) } ?? .null),
      ("children", status.map { .integer($0.children) } ?? .null),
      ("rootPid", run.root.map { .integer(Int($0.pid)) } ?? .null),
      ("startedAt", run.root.map { .text(time($0.age)) } ?? .null),
      ("age", run.root.map { .number($0.age / .seconds(1)) } ?? .null),
      ("nodes", .integer(run.nodeCount)),
    ] + members(of: usage) + [
      ("directory", run.directory.map { .text($0) } ?? .null),
      ("pids", .list(run.processes.map { .integer(Int($0.pid)) })),
    ]
  }

  /// Processor time in seconds and memory in bytes.
  static func members(of usage: ProcessUsage?) -> [(String, JSONValue)] {
    [
      ("cpu", usage.map { .number($0.processorTime / .seconds(1)) } ?? .null),
      ("memory", usage.map { .integer($0.memory) } ?? .null),
    ]
  }

  /// The time at which something of this age began.
  static func time(_ age: Duration) -> String {
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    return Date(timeIntervalSinceNow: -(age / .seconds(1))).formatted(style)
  }
}

extension LiveRun {
  /// The tool that started it, with its version.
  fileprivate var tool: String? {
    note(.tool)
      .map { TextColumns.harmless($0, longest: 64) }
  }
}
