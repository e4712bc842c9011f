/// Which nodes of a group are run: those of the chosen profiles, with what they depend on.
struct Selection {
  let nodes: [NodePlan]

  init(_ group: GroupPlan, _ value: Value, isTop: Bool, _ reader: inout TopologyReader) {
    let options = reader.options
    let table = Dictionary(
      group.nodes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    if isTop {
      for name in options.only + options.without.sorted() where table[name] == nil {
        let nearest = Nearest.word(to: name, among: table.keys.sorted())
        reader.diagnostics.error(
          .unknownNode, at: value.place,
          "there is no node '\(name.prefix(60))' to be chosen"
            + (nearest.map { "; did you mean '\($0)'?" } ?? "."), suggestion: nearest)
      }
    }
    let chosen = group.nodes.filter { node in
      if isTop, options.without.contains(node.name) { return false }
      if isTop, !options.only.isEmpty { return options.only.contains(node.name) }
      return node.profiles.isEmpty || !options.profiles.isDisjoint(with: node.profiles)
    }
    var active: Set<String> = []
    var waiting = chosen.map { (name: $0.name, dependent: "") }
    while let (name, dependent) = waiting.popLast() {
      guard active.insert(name).inserted, let node = table[name] else { continue }
      let isLeftOut = isTop && options.without.contains(name)
      if !dependent.isEmpty, !node.profiles.isEmpty, !isLeftOut,
        options.profiles.isDisjoint(with: node.profiles),
        let entry = value["nodes"]?.entry(name)
      {
        reader.diagnostics.note(
          .broughtIn, at: entry.place, length: name.count,
          "'\(name)' of \(Self.profiles(node)) runs too, because '\(dependent)' depends on it.")
      }
      waiting += node.dependsOn.keys.sorted(by: >).filter { table[$0] != nil }.map { ($0, name) }
    }
    if isTop {
      for name in options.without.sorted() where active.contains(name) {
        let dependents = group.nodes.filter {
          active.contains($0.name) && $0.dependsOn[name] != nil
        }
        let names = ShapeChecker.list(dependents.map { "'\($0.name)'" })
        reader.diagnostics.error(
          .neverReached, at: value.place,
          "'\(name)' is left out, but \(names) depend\(dependents.count == 1 ? "s" : "") on it."
        )
      }
    }
    nodes = group.nodes.filter { active.contains($0.name) }
    let isChosen = isTop && !options.only.isEmpty
    if nodes.allSatisfy(\.isManual), !isChosen, !group.nodes.isEmpty,
      let entry = value.entry("nodes")
    {
      var reason = "."
      if nodes.isEmpty {
        let left = group.nodes.filter { !isTop || !options.without.contains($0.name) }
        reason =
          left.isEmpty
          ? ": all are left out."
          : ": all that are left are of profiles; choose one with --profile."
        if left.count == group.nodes.count {
          reason = ": all are of profiles; choose one with --profile."
        }
      }
      reader.diagnostics.warning(
        .neverReached, at: entry.place, length: entry.key.count,
        "no node of this group starts by itself" + reason)
    }
  }

  private static func profiles(_ node: NodePlan) -> String {
    (node.profiles.count == 1 ? "the profile " : "the profiles ")
      + ShapeChecker.list(node.profiles.map { "'\($0)'" })
  }
}
