/// In which order the nodes of a group start and stop, and how long each takes at most.
package struct StartPlan {
  /// Nodes that may start together, one step after another.
  package let steps: [[NodePlan]]
  private let stopWithin: Duration?

  package init(_ group: GroupPlan) {
    stopWithin = group.stopWithin
    var steps: [[NodePlan]] = []
    var done: Set<String> = []
    var rest = group.nodes
    let names = Set(rest.map(\.name))
    while !rest.isEmpty {
      let next = rest.filter {
        $0.dependsOn.keys.allSatisfy { done.contains($0) || !names.contains($0) }
      }
      guard !next.isEmpty else { break }
      steps.append(next)
      done.formUnion(next.map(\.name))
      rest.removeAll { done.contains($0.name) }
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
        return waits.isEmpty ? node.label : "\(node.label) (after \(waits))"
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
