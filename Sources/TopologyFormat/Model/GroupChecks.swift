/// What cannot be between the nodes of a group.
enum GroupChecks {
  static func check(_ group: GroupPlan, _ value: Value, _ reader: inout TopologyReader) {
    let names = NameChecks(value)
    let checks = Checks(group: group, value: value, places: names.places)
    checks.checkInstances(&reader)
    names.check(&reader)
    checks.checkDependencies(&reader)
    checks.checkEnd(&reader)
    checks.checkLimit(&reader)
  }
}

private struct Checks {
  let group: GroupPlan
  let value: Value
  let places: [String: Place]
  let nodes: [String: NodePlan]

  init(group: GroupPlan, value: Value, places: [String: Place]) {
    self.group = group
    self.value = value
    self.places = places
    nodes = Dictionary(group.nodes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Instances have the names of no siblings, nor those that a change of their number may bring.
  func checkInstances(_ reader: inout TopologyReader) {
    for sibling in group.nodes {
      guard let dash = sibling.name.lastIndex(of: "-"),
        let number = Int(sibling.name[sibling.name.index(after: dash)...]), number > 0,
        let node = nodes[String(sibling.name[..<dash])], let instances = node.instances,
        sibling.name == "\(node.name)-\(number)", let place = places[sibling.name]
      else { continue }
      let line = "(line \(places[node.name]?.line ?? 0))"
      reader.diagnostics.error(
        .duplicateNode, at: place, length: sibling.name.count,
        number <= instances
          ? "'\(sibling.name)' is an instance of '\(node.name)' \(line) already."
          : "'\(sibling.name)' is what an instance of '\(node.name)' \(line) is called when it is scaled."
      )
    }
  }

  func checkDependencies(_ reader: inout TopologyReader) {
    for entry in value["nodes"]?.entries ?? [] {
      let isList = entry.value["dependsOn"]?.list != nil
      for (name, place) in NameChecks.dependencies(of: entry) {
        guard let target = nodes[name] else { continue }
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

  func checkEnd(_ reader: inout TopologyReader) {
    guard let end = value["endsWith"] else { return }
    for element in end.list ?? [] {
      guard let name = element.text, let node = nodes[name] else { continue }
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
