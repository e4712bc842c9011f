/// What cannot be between the nodes of a group.
enum GroupChecks {
  static func check(_ group: GroupPlan, _ value: Value, _ reader: inout TopologyReader) {
    let entries = value["nodes"]?.entries ?? []
    let places = Dictionary(
      entries.map { ($0.key, $0.place) }, uniquingKeysWith: { first, _ in first })
    let checks = Checks(group: group, value: value, entries: entries, places: places)
    checks.checkInstances(&reader)
    checks.checkDependencies(&reader)
    checks.checkCycles(&reader)
    checks.checkEnd(&reader)
    checks.checkLimit(&reader)
  }
}

private struct Checks {
  let group: GroupPlan
  let value: Value
  let entries: [Value.Entry]
  let places: [String: Place]
  let nodes: [String: NodePlan]

  init(group: GroupPlan, value: Value, entries: [Value.Entry], places: [String: Place]) {
    self.group = group
    self.value = value
    self.entries = entries
    self.places = places
    nodes = Dictionary(group.nodes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Instances have the names of no siblings.
  func checkInstances(_ reader: inout TopologyReader) {
    for sibling in group.nodes {
      guard let dash = sibling.name.lastIndex(of: "-"),
        let number = Int(sibling.name[sibling.name.index(after: dash)...]),
        let node = nodes[String(sibling.name[..<dash])], let instances = node.instances,
        (1...max(1, instances)).contains(number), let place = places[sibling.name]
      else { continue }
      reader.diagnostics.error(
        .duplicateNode, at: place, length: sibling.name.count,
        "'\(sibling.name)' is an instance of '\(node.name)' (line \(places[node.name]?.line ?? 0)) already."
      )
    }
  }

  /// The names and places of what a node depends on.
  private func dependencies(of entry: Value.Entry) -> [(name: String, place: Place)] {
    guard let value = entry.value["dependsOn"] else { return [] }
    if let list = value.list {
      return list.compactMap { element in element.text.map { ($0, element.place) } }
    }
    return (value.entries ?? []).map { ($0.key, $0.place) }
  }

  func checkDependencies(_ reader: inout TopologyReader) {
    for entry in entries {
      let isList = entry.value["dependsOn"]?.list != nil
      for (name, place) in dependencies(of: entry) {
        guard let target = nodes[name] else {
          refuse(name, at: place, "is no node of this group", &reader)
          continue
        }
        let condition = nodes[entry.key]?.dependsOn[name]
        if target.isManual {
          reader.diagnostics.error(
            .neverReached, at: place, length: name.count,
            "'\(entry.key)' would wait without end: '\(name)' is not started by itself (start: manual)."
          )
        } else if isList, !target.hasReadiness {
          reader.diagnostics.error(
            .ambiguousDependency, at: place, length: name.count,
            "'\(name)' has no readiness, so is 'started' or 'succeeded' meant? Write dependsOn: {\(name): succeeded}."
          )
        } else if target.restart.when == .always, condition == .succeeded || condition == .ended {
          reader.diagnostics.error(
            .neverReached, at: place, length: name.count,
            "'\(entry.key)' would wait without end: '\(name)' has restart: always, so it never has \(condition == .ended ? "ended" : "succeeded")."
          )
        }
      }
    }
  }

  private func refuse(
    _ name: String, at place: Place, _ why: String, _ reader: inout TopologyReader
  ) {
    let nearest = Nearest.word(to: name, among: group.nodes.map(\.name))
    let line = nearest.flatMap { places[$0]?.line }.map { " (line \($0))" } ?? ""
    reader.diagnostics.error(
      .unknownNode, at: place, length: max(1, name.count),
      "'\(name.prefix(60))' \(why)" + (nearest.map { "; did you mean '\($0)'\(line)?" } ?? "."),
      suggestion: nearest)
  }

  func checkCycles(_ reader: inout TopologyReader) {
    var finished: Set<String> = []
    for entry in entries where !finished.contains(entry.key) {
      // Without recursion: a chain of dependencies may be as long as the file.
      var stack: [(name: String, rest: ArraySlice<String>)] = [(entry.key, needs(entry.key))]
      var places = [entry.key: 0]
      while let last = stack.last {
        guard let next = last.rest.first else {
          finished.insert(last.name)
          places[last.name] = nil
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].rest = last.rest.dropFirst()
        if let start = places[next] {
          report(stack[start...].map(\.name) + [next], &reader)
        } else if !finished.contains(next), nodes[next] != nil {
          places[next] = stack.count
          stack.append((next, needs(next)))
        }
      }
    }
  }

  private func needs(_ name: String) -> ArraySlice<String> {
    (nodes[name]?.dependsOn.keys.sorted() ?? [])[...]
  }

  private func report(_ circle: [String], _ reader: inout TopologyReader) {
    guard let place = circle.compactMap({ places[$0] }).min() else { return }
    let name = circle.first { places[$0] == place } ?? circle[0]
    // The circle begins with the node that stands first in the file.
    let body = circle.dropLast()
    let start = body.firstIndex(of: name) ?? 0
    let turned = body[start...] + body[..<start] + [name]
    reader.diagnostics.error(
      .cycle, at: place, length: name.count,
      circle.count == 2
        ? "'\(name)' waits for itself, so it cannot start."
        : "these wait for each other, so none can start: \(turned.joined(separator: " → ")).")
  }

  func checkEnd(_ reader: inout TopologyReader) {
    guard let end = value["endsWith"] else { return }
    for element in end.list ?? [] {
      guard let name = element.text else { continue }
      guard let node = nodes[name] else {
        refuse(name, at: element.place, "is no node of this group", &reader)
        continue
      }
      if node.restart.when == .always {
        reader.diagnostics.error(
          .neverReached, at: element.place, length: name.count,
          "'\(name)' has restart: always, so nothing ever ends with it.")
      }
    }
    if end.text == "any", !group.nodes.isEmpty,
      group.nodes.allSatisfy({ $0.restart.when == .always })
    {
      reader.diagnostics.warning(
        .meaningless, at: end.place, length: 3, "no node ends: all have restart: always.")
    }
  }

  func checkLimit(_ reader: inout TopologyReader) {
    guard let limit = group.limit, let place = value["limit"]?.place else { return }
    let endless = group.nodes.filter { $0.restart.when == .always && $0.profiles.isEmpty }
      .reduce(0) { $0 + ($1.instances ?? 1) }
    guard endless > limit else { return }
    reader.diagnostics.error(
      .neverReached, at: place, length: String(limit).count,
      "\(endless) nodes have restart: always, so with a limit of \(limit) the others would wait without end."
    )
  }
}
