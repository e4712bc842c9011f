/// In which order a run is stopped, and how long that takes at most: what its root notes, and
/// people are shown.
package struct StopOrder: Codable, Hashable, Sendable {
  /// The stop of a node, or of all instances of a template.
  package struct Part: Codable, Hashable, Sendable {
    /// The address.
    package var node: String
    /// How many there are of a template.
    package var instances: Int?
    /// The signal or the command that ends it, in words.
    package var signal: String
    /// How many seconds it has for that.
    package var within: Double

    fileprivate var label: String { instances.map { "\(node) ×\($0)" } ?? node }
  }

  /// The steps of the stop in order; the nodes of one step stop together.
  package private(set) var stop: [[Part]]
  /// The seconds that all of it takes at most.
  package private(set) var longestStop: Double

  package init(_ plan: StartPlan) {
    stop = plan.steps.reversed().map { step in
      step.map { node in
        Part(
          node: node.address, instances: node.instances, signal: node.stopInWords,
          within: node.longestStop / .seconds(1))
      }
    }
    longestStop = plan.longestStop / .seconds(1)
  }

  /// Notes how many instances of a template there are now.
  package mutating func count(_ node: String, _ instances: Int) {
    for step in stop.indices {
      for part in stop[step].indices where stop[step][part].node == node {
        stop[step][part].instances = instances
      }
    }
  }

  /// The addresses of the templates.
  package var templates: [String] {
    stop.flatMap { $0.filter { $0.instances != nil }.map(\.node) }
  }

  /// The order for people.
  package var text: String {
    var text = ""
    for (index, step) in stop.enumerated() {
      let signals = Set(step.map(\.signal)).sorted().joined(separator: ", ")
      text +=
        "\(Self.number(index + 1))  \(step.map(\.label).joined(separator: "  "))  "
        + "\(signals), at most \(Self.time(step.map(\.within).max() ?? 0))"
        + (step.count > 1 ? ", together\n" : "\n")
    }
    return text + "    all within \(Self.time(longestStop)), then SIGKILL\n"
  }

  /// The number of a step, of which there are seldom more than 99.
  static func number(_ value: Int) -> String { value < 10 ? " \(value)" : String(value) }

  /// A century: a duration of too large a number traps.
  private static let longest: Double = 36_500 * 86_400

  private static func time(_ seconds: Double) -> String {
    Quantity.text(.seconds(min(max(0, seconds), longest)))
  }

  package var json: JSONValue {
    .list(
      stop.map { step in
        .list(
          step.map { part in
            .object([
              ("node", .text(part.node)),
              ("instances", part.instances.map { .integer($0) } ?? .null),
              ("signal", .text(part.signal)), ("within", .number(part.within)),
            ])
          })
      })
  }

  /// The whole as a document.
  package var document: JSONValue {
    .object([("stop", json), ("longestStop", .number(longestStop))])
  }
}
