internal import ProcessTree
internal import ProcessTreeProcessControl
internal import ProcessTreeTopologyFormat

/// The nodes of a run, as its root reports them, or as the kernel knows their processes.
struct NodeRows {
  struct Row {
    var name: String
    var address: String?
    var path: String?
    var state: String
    var pid: Int32?
    /// The host that it runs on; nil for that of the root.
    var host: String?
    var age: Duration?
    var restarts: Int?
    var incarnation: Int?
    /// What it uses with its commands.
    var usage: ProcessUsage?
    var waits: [NodeWait] = []
    var lastEnd: String?
    var children: [Int] = []

    var note: String {
      let text = waits.first.map { "\($0)" } ?? lastEnd ?? ""
      return TextColumns.harmless(text, longest: 100)
    }
  }

  private(set) var rows: [Row] = []
  private var tops: [Int] = []
  /// Why the root did not answer.
  private(set) var note: String?
  /// How the run stands if its root did not answer.
  private(set) var standing: RunStanding?

  init(of run: LiveRun) {
    do {
      var line = try RunLine(run)
      add(try line.request(.tree).nodes, of: run)
    } catch {
      note = "\(error) What follows is what the kernel knows."
      let standing = RunStanding(run, (error as? RunRefusal)?.failure)
      self.standing = standing
      rows = []
      add(run, standing)
    }
  }

  private mutating func add(_ nodes: [NodeExplanation], of run: LiveRun) {
    let (rootName, usage) = (run.givenName, run.usage(ofNodes: Set(nodes.compactMap(\.localPID))))
    let ages = Dictionary(
      run.processes.map { ($0.pid, $0.age) }, uniquingKeysWith: { first, _ in first })
    var known: [NodeAddress: Int] = [:]
    for node in nodes {
      known[node.address] = rows.count
      rows.append(
        Row(
          name: node.address == .root ? rootName ?? node.name : node.name,
          address: "\(node.address)", path: node.path,
          state: node.silence == nil ? node.phase.rawValue : "silent", pid: node.pid,
          host: node.host,
          age: node.localPID.flatMap { ages[$0] ?? LiveRun.Process($0)?.age },
          restarts: node.restarts, incarnation: node.incarnation,
          usage: node.localPID.flatMap { usage[$0] }, waits: node.waits,
          lastEnd: node.lastEnd))
    }
    for (index, node) in nodes.enumerated() {
      if let parent = node.address.parent.flatMap({ known[$0] }) {
        rows[parent].children.append(index)
      } else {
        tops.append(index)
      }
    }
  }

  private mutating func add(_ run: LiveRun, _ standing: RunStanding) {
    var known: [Int32: Int] = [:]
    let processes = run.processes.filter { !$0.isHelper }
    for process in processes {
      known[process.pid] = rows.count
      let isRoot = process.pid == run.root?.pid
      let title = TextColumns.harmless(process.words.joined(separator: " "), longest: 60)
      rows.append(
        Row(
          name: isRoot ? run.givenName ?? "MainProcess" : title,
          state: process.isStopped ? "suspended" : isRoot ? standing.word : "runs",
          pid: process.pid, age: process.age, usage: process.usage))
    }
    for (index, process) in processes.enumerated() {
      if let parent = known[process.parent], parent != index {
        rows[parent].children.append(index)
      } else {
        tops.append(index)
      }
    }
  }

  /// The rows with the lines of the tree before their names, each before those below it.
  var lines: [(tree: String, row: Row)] {
    var lines: [(tree: String, row: Row)] = []
    func add(_ index: Int, _ own: String, _ below: String) {
      lines.append((own, rows[index]))
      let children = rows[index].children
      for (place, child) in children.enumerated() {
        let isLast = place == children.count - 1
        add(child, below + (isLast ? "└─ " : "├─ "), below + (isLast ? "   " : "│  "))
      }
    }
    for top in tops { add(top, "", "") }
    return lines
  }

  var json: JSONValue { tops.count == 1 ? json(tops[0]) : .list(tops.map(json)) }

  private func json(_ index: Int) -> JSONValue {
    let row = rows[index]
    return .object(
      [
        ("node", .text(row.name)), ("address", row.address.map { .text($0) } ?? .null),
        ("path", row.path.map { .text($0) } ?? .null), ("state", .text(row.state)),
        ("pid", row.pid.map { .integer(Int($0)) } ?? .null),
        ("host", row.host.map { .text($0) } ?? .null),
        ("age", row.age.map { .number($0 / .seconds(1)) } ?? .null),
        ("startedAt", row.age.map { .text(PsDocument.time($0)) } ?? .null),
        ("incarnation", row.incarnation.map { .integer($0) } ?? .null),
        ("restarts", row.restarts.map { .integer($0) } ?? .null),
      ] + PsDocument.members(of: row.usage) + [
        ("lastEnd", row.lastEnd.map { .text($0) } ?? .null),
        ("waitsFor", .list(row.waits.map(WaitJSON.json))),
        ("children", .list(row.children.map(json))),
      ])
  }
}

extension NodeExplanation {
  /// The process id if it is one of this machine.
  fileprivate var localPID: Int32? { host == nil ? pid : nil }
}

/// A wait as JSON.
enum WaitJSON {
  static func json(_ wait: NodeWait) -> JSONValue {
    .object([
      ("kind", .text(wait.kind.rawValue)), ("subjects", .list(wait.subjects.map { .text($0) })),
      ("seconds", .number(wait.elapsed / .seconds(1))),
      ("secondsLeft", wait.remaining.map { .number($0 / .seconds(1)) } ?? .null),
      ("detail", wait.detail.map { .text($0) } ?? .null), ("remedy", .text(wait.remedy)),
    ])
  }
}
