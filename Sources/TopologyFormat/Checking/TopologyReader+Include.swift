/// Follows the entries of a file that include others.
extension TopologyReader {
  mutating func including(_ value: Value) -> Value {
    guard let entry = value.entry("include"), let list = entry.value.list else { return value }
    var value = value
    for element in list {
      let file = element["file"] ?? element
      guard let name = file.text else { continue }
      let place = file.place
      guard !name.contains("${{") else {
        diagnostics.error(
          .invalidExpression, at: place, length: name.count,
          "an included file is read before anything has a value, so its path has no expression.")
        continue
      }
      guard let path = path(name, at: place, length: name.count),
        var included = load(path, named: file)
      else { continue }
      if let given = element["variables"]?.entries { included = giving(given, to: included) }
      include(included, into: &value)
    }
    return value
  }

  /// The path of a file that another one leads to; nil if it may not be followed.
  mutating func path(_ name: String, at place: Place, length: Int) -> String? {
    let from = files[place.file]?.directory ?? Path.current
    let path = Path.relative(Path.absolute(name, from: from))
    let identity = Path.identity(path)
    if let start = trail.firstIndex(where: { Path.identity($0) == identity }) {
      let circle = (trail[start...] + [path]).joined(separator: " → ")
      diagnostics.error(
        .includeCycle, at: place, length: length, "the file leads to itself: \(circle).")
      return nil
    }
    guard files.sources.count < FileSet.most, trail.count < FileSet.mostLevels else {
      diagnostics.error(
        .tooManyFiles, at: place, length: length,
        "a topology has at most \(FileSet.most) files, \(FileSet.mostLevels) deep.")
      return nil
    }
    return path
  }

  /// The file with other values of its variables, of which those that are secret stay so.
  private mutating func giving(_ given: [Value.Entry], to included: Value) -> Value {
    var known = included["variables"] ?? Value(.map([]), at: included.place)
    for entry in given {
      guard let declared = known.entry(entry.key) else {
        reportUnknown(entry.key, at: entry.place, among: (known.entries ?? []).map(\.key))
        continue
      }
      guard declared.value.entries != nil else {
        known.replace(entry.key, entry.value)
        continue
      }
      let value = Value.Entry(key: "default", place: entry.place, value: entry.value)
      var map = declared.value.without(["default"])
      map.append(value)
      known.replace(entry.key, map)
    }
    var included = included
    included.replace("variables", known)
    return included
  }

  private mutating func include(_ included: Value, into value: inout Value) {
    for entry in included.entries ?? [] {
      switch entry.key {
      case "ptree", "name", "description", "include": continue
      case "variables", "hosts", "channels", "nodes": merge(entry, into: &value)
      case let key where key.hasPrefix("x-"): if value.entry(key) == nil { value.append(entry) }
      default:
        diagnostics.error(
          .meaningless, at: entry.place, length: entry.key.count,
          "an included file has variables, hosts, channels, nodes and x-…; '\(entry.key)' belongs to a file that is run, or to a node with 'file'."
        )
      }
    }
  }

  private mutating func merge(_ entry: Value.Entry, into value: inout Value) {
    guard let own = value.entry(entry.key) else { return value.append(entry) }
    guard let known = own.value.entries, let added = entry.value.entries else { return }
    let table = Dictionary(known.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    for other in added {
      guard let first = table[other.key] else { continue }
      let file = files[first.place.file]?.name ?? ""
      diagnostics.error(
        .duplicateKey, at: other.place, length: other.key.count,
        "'\(other.key)' stands here and at \(file):\(first.place.line):\(first.place.column).")
    }
    value.replace(entry.key, Value(.map(known + added), at: own.value.place))
  }
}

extension Path {
  /// A path as it is shown: from the working directory, if it is below that.
  package static func relative(_ path: String) -> String {
    let here = current.hasSuffix("/") ? current : current + "/"
    return path.hasPrefix(here) ? String(path.dropFirst(here.count)) : path
  }
}
