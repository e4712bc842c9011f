/// Whether names of nodes lead to nodes of their group, and in no circle.
///
/// It looks at names alone, so it holds also where other values are wrong.
struct NameChecks {
  private let value: Value
  private let entries: [Value.Entry]
  /// Where the nodes stand.
  let places: [String: Place]
  private let needs: [String: [String]]

  init(_ value: Value) {
    self.value = value
    entries = value["nodes"]?.entries ?? []
    places = Dictionary(
      entries.map { ($0.key, $0.place) }, uniquingKeysWith: { first, _ in first })
    needs = Dictionary(
      entries.map { ($0.key, Set(Self.dependencies(of: $0).map(\.name)).sorted()) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Checks a group and all groups in it.
  static func checkAll(_ value: Value, _ reader: inout TopologyReader) {
    let checks = NameChecks(value)
    checks.check(&reader)
    for entry in checks.entries where entry.value["nodes"] != nil {
      checkAll(entry.value, &reader)
    }
  }

  func check(_ reader: inout TopologyReader) {
    for entry in entries {
      for (name, place) in Self.dependencies(of: entry) { require(name, at: place, &reader) }
    }
    checkCycles(&reader)
    for element in value["endsWith"]?.list ?? [] {
      if let name = element.text { require(name, at: element.place, &reader) }
    }
  }

  /// The names and places of what a node depends on.
  static func dependencies(of entry: Value.Entry) -> [(name: String, place: Place)] {
    guard let value = entry.value["dependsOn"] else { return [] }
    if let list = value.list {
      return list.compactMap { element in element.text.map { ($0, element.place) } }
    }
    return (value.entries ?? []).map { ($0.key, $0.place) }
  }

  private func require(_ name: String, at place: Place, _ reader: inout TopologyReader) {
    guard places[name] == nil else { return }
    let nearest = Nearest.word(to: name, among: entries.map(\.key))
    let line = nearest.flatMap { places[$0]?.line }.map { " (line \($0))" } ?? ""
    reader.diagnostics.error(
      .unknownNode, at: place, length: max(1, name.count),
      "'\(name.prefix(60))' is no node of this group"
        + (nearest.map { "; did you mean '\($0)'\(line)?" } ?? "."),
      suggestion: nearest)
  }

  private func checkCycles(_ reader: inout TopologyReader) {
    var finished: Set<String> = []
    for entry in entries where !finished.contains(entry.key) {
      // Without recursion: a chain of dependencies may be as long as the file.
      var stack: [(name: String, rest: ArraySlice<String>)] = [(entry.key, rest(entry.key))]
      var open = [entry.key: 0]
      while let last = stack.last {
        guard let next = last.rest.first else {
          finished.insert(last.name)
          open[last.name] = nil
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].rest = last.rest.dropFirst()
        if let start = open[next] {
          report(stack[start...].map(\.name) + [next], &reader)
        } else if !finished.contains(next), places[next] != nil {
          open[next] = stack.count
          stack.append((next, rest(next)))
        }
      }
    }
  }

  private func rest(_ name: String) -> ArraySlice<String> { (needs[name] ?? [])[...] }

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
}
