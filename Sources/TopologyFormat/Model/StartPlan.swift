/// In which order the nodes of a group start and stop, and how long each takes at most.
package struct StartPlan {
  /// Nodes that may start together, one step after another.
  package let steps: [[NodePlan]]
  private let stopWithin: Duration?

  package init(_ group: GroupPlan) {
    stopWithin = group.stopWithin
    let indices = Dictionary(
      group.nodes.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    // How many dependencies of each node are not among the steps yet, and who depends on it.
    var open = [Int](repeating: 0, count: group.nodes.count)
    var dependents = [[Int]](repeating: [], count: group.nodes.count)
    for (index, node) in group.nodes.enumerated() {
      for dependency in node.dependsOn.keys.compactMap({ indices[$0] }) {
        open[index] += 1
        dependents[dependency].append(index)
      }
    }
    var steps: [[NodePlan]] = []
    var next = open.indices.filter { open[$0] == 0 }
    while !next.isEmpty {
      steps.append(next.map { group.nodes[$0] })
      var following: [Int] = []
      for dependent in next.flatMap({ dependents[$0] }) {
        open[dependent] -= 1
        if open[dependent] == 0 { following.append(dependent) }
      }
      next = following.sorted()
    }
    self.steps = steps
  }

  /// The longest that the stop of all takes.
  package var longestStop: Duration {
    stopWithin
      ?? steps.reduce(.zero) { $0 + ($1.map(\.longestStop).max() ?? .zero) }
  }

  /// The plan for people.
  package var text: String {
    var text = "start\n"
    for (index, step) in steps.enumerated() {
      let names = step.map { node in
        let waits = node.dependsOn.sorted { $0.key < $1.key }
          .map { "\($0.key) \($0.value.rawValue)" }.joined(separator: ", ")
        let label = node.isManual ? "\(node.label) (by 'ptree start')" : node.label
        return waits.isEmpty ? label : "\(label) (after \(waits))"
      }
      text += "\(Self.number(index + 1))  \(names.joined(separator: "  "))\n"
    }
    return text + "stop\n" + stopText
  }

  /// The order of the stop for people.
  package var stopText: String {
    var text = ""
    for (index, step) in steps.reversed().enumerated() {
      let longest = step.map(\.longestStop).max() ?? .zero
      let signals = Set(step.map(\.stopInWords)).sorted().joined(separator: ", ")
      text +=
        "\(Self.number(index + 1))  \(step.map(\.label).joined(separator: "  "))  "
        + "\(signals), at most \(Quantity.text(longest))"
        + (step.count > 1 ? ", together\n" : "\n")
    }
    return text + "    all within \(Quantity.text(longestStop)), then SIGKILL\n"
  }

  private static func number(_ value: Int) -> String {
    value < 10 ? " \(value)" : String(value)
  }

  package var startJSON: JSONValue {
    .list(steps.map { .list($0.map { .text($0.address) }) })
  }

  package var stopJSON: JSONValue {
    .list(
      steps.reversed().map { step in
        .list(
          step.map { node in
            .object([
              ("node", .text(node.address)), ("signal", .text(node.stopInWords)),
              ("within", .number(node.longestStop / .seconds(1))),
            ])
          })
      })
  }
}

extension NodePlan {
  var label: String { instances.map { "\(name) ×\($0)" } ?? name }

  package var longestStop: Duration {
    if case .group(let group) = kind { return StartPlan(group).longestStop }
    return stop.within
  }

  var stopInWords: String {
    if case .group = kind { return "its nodes" }
    return stop.command == nil ? "SIG\(stop.signal)" : "its stop command"
  }
}
