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
      text += "\(StopOrder.number(index + 1))  \(names.joined(separator: "  "))\n"
    }
    return text + "stop\n" + StopOrder(self).text
  }

  package var startJSON: JSONValue {
    .list(steps.map { .list($0.map { .text($0.address) }) })
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
