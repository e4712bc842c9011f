/// Compares values with the schema, and evaluates their expressions.
struct ShapeChecker {
  let schema: Schema
  let files: FileSet
  var diagnostics = Diagnostics()
  private var path: [String] = []
  /// How many bytes expressions have made.
  var bytes = 0

  init(_ schema: Schema, _ files: FileSet) {
    self.schema = schema
    self.files = files
  }

  /// The value with its expressions evaluated; its faults are among the diagnostics.
  mutating func check(_ value: Value, _ shape: Shape, _ scope: Scope) -> Value {
    switch shape {
    case .named(let name): return check(value, named: name, scope)
    case .object(let name): return check(value, objectNamed: name, scope)
    case .either(let scalar, let list, let map, let orNothing):
      return either(value, scalar, list, map, orNothing, scope)
    case .list(let element, let least, let most):
      return list(value, of: element, least...most, scope)
    case .map(let keys, let element, let least):
      return map(value, keys, element, least, scope)
    case .anything: return anything(value, scope)
    default: return scalar(value, shape, scope)
    }
  }

  // MARK: Messages

  mutating func error(
    _ code: Diagnostic.Code, at place: Place, length: Int, _ message: String,
    suggestion: String? = nil
  ) {
    diagnostics.error(
      code, at: place, length: length, message, suggestion: suggestion,
      path: path.joined(separator: "."))
  }

  private mutating func error(_ code: Diagnostic.Code, _ value: Value, _ message: String) {
    let by = value.isAliased ? " (by way of an alias)" : ""
    error(code, at: value.place, length: length(of: value), message + by)
  }

  func length(of value: Value) -> Int {
    guard let text = value.scalar?.constant, !text.contains(where: \.isNewline) else { return 1 }
    return max(1, text.unicodeScalars.count + (value.scalar?.isPlain == true ? 0 : 2))
  }

  /// What the value is called in messages.
  private var subject: String {
    guard let last = path.last else { return "a topology" }
    guard last.hasPrefix("["), path.count > 1 else { return "'\(last)'" }
    return "an element of '\(path[path.count - 2])'"
  }

  private mutating func wrong(_ value: Value, _ expected: String) -> Value {
    error(.wrongType, value, "\(subject) is \(expected); here is \(value.kindInWords).")
    return value
  }

  // MARK: Names of the schema

  private mutating func check(_ value: Value, named name: String, _ scope: Scope) -> Value {
    var scope = scope
    switch name {
    case "nodes": return nodes(value, scope)
    case "environment": scope.allowsSecrets = true
    case "arguments":
      if let scalar = value.scalar {
        error(.wrongType, value, CommandWords.listWanted(path.last ?? "command", scalar))
        return value
      }
      let words = check(value, schema.shape(name), scope)
      if let first = words.list?.first, first.text == "" {
        error(.wrongValue, first, "\(subject) begins with an executable; here is an empty text.")
      }
      return words
    default: break
    }
    return check(value, schema.shape(name), scope)
  }

  /// Nodes by their names, each with what its expressions can refer to.
  private mutating func nodes(_ value: Value, _ scope: Scope) -> Value {
    guard let entries = value.entries else { return wrong(value, "a map of names and nodes") }
    if entries.isEmpty { error(.missingKey, value, "a group has at least one node.") }
    var result = value
    result.content = .map(
      entries.map { entry in
        var inner = scope
        inner.node = entry.key
        inner.address = scope.address.isEmpty ? entry.key : "\(scope.address)/\(entry.key)"
        inner.hasInstances = entry.value["instances"] != nil
        return self.entry(entry, .name, .object("node"), inner)
      })
    return result
  }

  // MARK: Maps and lists

  private mutating func map(
    _ value: Value, _ keys: TextRule, _ element: Shape, _ least: Int, _ scope: Scope
  ) -> Value {
    guard let entries = value.entries else { return wrong(value, "a map of keys and values") }
    if entries.count < least {
      error(.wrongValue, value, "\(subject) has at least \(least) keys; here are \(entries.count).")
    }
    var result = value
    result.content = .map(entries.map { entry($0, keys, element, scope) })
    return result
  }

  private mutating func entry(
    _ entry: Value.Entry, _ rule: TextRule, _ shape: Shape, _ scope: Scope
  ) -> Value.Entry {
    path.append(entry.key)
    defer { path.removeLast() }
    if let refusal = rule.refusal(of: entry.key) {
      error(
        .invalidName, at: entry.place, length: max(1, entry.key.unicodeScalars.count),
        "'\(entry.key.prefix(60))' is no name: \(refusal).")
    }
    var entry = entry
    entry.value = check(entry.value, shape, scope)
    return entry
  }

  private mutating func list(
    _ value: Value, of element: Shape, _ bounds: ClosedRange<Int>, _ scope: Scope
  ) -> Value {
    guard let values = value.list else { return wrong(value, "a list") }
    if !bounds.contains(values.count) {
      let wanted =
        values.count < bounds.lowerBound
        ? "at least \(bounds.lowerBound)" : "at most \(bounds.upperBound)"
      error(
        .wrongValue, value,
        "\(subject) has \(wanted) element\(wanted.hasSuffix(" 1") ? "" : "s"); here are \(values.count)."
      )
    }
    var result = value
    result.content = .list(
      values.enumerated().map { index, value in
        path.append("[\(index)]")
        defer { path.removeLast() }
        return check(value, element, scope)
      })
    return result
  }

  private mutating func either(
    _ value: Value, _ scalar: Shape?, _ list: Shape?, _ map: Shape?, _ orNothing: Bool,
    _ scope: Scope
  ) -> Value {
    switch value.content {
    case .nothing where orNothing: return value
    case .scalar: if let scalar { return check(value, scalar, scope) }
    case .list: if let list { return check(value, list, scope) }
    case .map: if let map { return check(value, map, scope) }
    case .nothing: break
    }
    let kinds = [scalar.map(Self.inWords), list.map { _ in "a list" }, map.map { _ in "a map" }]
    return wrong(value, kinds.compactMap { $0 }.joined(separator: " or "))
  }

  private mutating func anything(_ value: Value, _ scope: Scope) -> Value {
    var result = value
    switch value.content {
    case .nothing: break
    case .scalar: return self.scalar(value, .text(.record), scope)
    case .list(let values): result.content = .list(values.map { anything($0, scope) })
    case .map(let entries):
      result.content = .map(
        entries.map { entry in
          var entry = entry
          entry.value = anything(entry.value, scope)
          return entry
        })
    }
    return result
  }

  // MARK: Objects

  private mutating func check(_ value: Value, objectNamed name: String, _ scope: Scope) -> Value {
    guard let object = schema.object(name) else { return value }
    guard let entries = value.entries else {
      return wrong(
        value, "a map with " + Self.list(object.keys.prefix(4).map(\.name)) + " and the like")
    }
    let kind = name == "node" ? Self.kind(of: value) : nil
    var result = value
    result.content = .map(
      entries.map { entry in
        path.append(entry.key)
        defer { path.removeLast() }
        guard let key = object.key(entry.key) else {
          if !(object.hasExtensions && entry.key.hasPrefix("x-")) { unknown(entry, object) }
          return entry
        }
        if let kind, let kinds = key.kinds, !kinds.contains(kind) {
          error(
            .keyOfOtherKind, at: entry.place, length: entry.key.unicodeScalars.count,
            "'\(entry.key)' does not fit a node with '\(kind.rawValue)'; it fits "
              + Self.list(NodeKind.allCases.filter(kinds.contains).map(\.rawValue)) + ".")
          return entry
        }
        var entry = entry
        entry.value = check(entry.value, key.shape, scope)
        if name == "secret", key.name == "secret", var scalar = entry.value.scalar {
          scalar.isSecret = true
          entry.value.content = .scalar(scalar)
          diagnostics.hide(scalar.constant, at: entry.value.place)
        }
        return entry
      })
    for index in object.keys.indices where object.keys[index].isRequired {
      let name = object.keys[index].name
      if !value.has(name) { error(.missingKey, value, missing(name, object)) }
    }
    if !object.exactlyOne.isEmpty { checkExactlyOne(of: object, in: value) }
    return result
  }

  private func missing(_ key: String, _ object: ObjectShape) -> String {
    object.name == "topology" && key == "ptree"
      ? "a topology begins with 'ptree: 1'." : "\(object.title) needs the key '\(key)'."
  }

  private mutating func unknown(_ entry: Value.Entry, _ object: ObjectShape) {
    guard !diagnostics.isFull else { return }
    let names = object.keys.map(\.name)
    var suggestion = Nearest.word(to: entry.key, among: names)
    if suggestion == nil, let known = Nearest.synonyms[entry.key], names.contains(known) {
      suggestion = known
    }
    error(
      .unknownKey, at: entry.place, length: max(1, entry.key.unicodeScalars.count),
      "\(object.title) has no key '\(entry.key.prefix(60))'"
        + (suggestion.map { "; did you mean '\($0)'?" } ?? "; it has \(Self.list(names))."),
      suggestion: suggestion)
  }

  private mutating func checkExactlyOne(of object: ObjectShape, in value: Value) {
    guard object.exactlyOne.count(where: value.has) != 1 else { return }
    let given = (value.entries ?? []).filter { object.exactlyOne.contains($0.key) }
    let names = Self.list(object.exactlyOne)
    if given.isEmpty {
      error(
        .missingKey, at: value.place, length: 1,
        "\(object.title) has one of \(names); here is none.")
    } else {
      error(
        .exclusiveKeys, at: given[1].place, length: given[1].key.count,
        "\(object.title) has only one of \(names); here are \(Self.list(given.map { "'\($0.key)'" }))."
      )
    }
  }

  static func kind(of value: Value) -> NodeKind? {
    NodeKind.allCases.first { value.has($0.rawValue) }
  }

  static func list(_ words: some Collection<String>) -> String {
    guard words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " and " + Array(words)[words.count - 1]
  }

  // MARK: Scalars

  private mutating func scalar(_ value: Value, _ shape: Shape, _ scope: Scope) -> Value {
    guard let given = value.scalar else { return wrong(value, Self.inWords(shape)) }
    var result = value
    guard let scalar = evaluated(given, of: value, scope) else {
      result.content = .scalar(Scalar(pieces: [.unknown]))
      return result
    }
    result.content = .scalar(scalar)
    if scalar.isSecret, !scope.allowsSecrets {
      error(
        .misplacedSecret, value,
        "a secret stands in 'environment' only: all users of the host can read arguments.")
      // Nothing is done with it that could show it, such as to open the file of this name.
      result.content = .scalar(Scalar(pieces: [.unknown]))
      return result
    }
    guard !scalar.isUnknown else { return result }
    if case .text(let rule) = shape, rule.isForKernel, scalar.holdsZero {
      error(.wrongValue, value, "\(subject) is for a process or a file, and has no zero byte.")
    }
    if scalar.constant == nil, !shape.takesLateText {
      error(
        .invalidExpression, value,
        "\(subject) has to be known before the start, so it cannot depend on the instance or the run."
      )
      return result
    }
    if scalar.constant != nil, let refusal = shape.refusal(of: scalar) {
      error(refusal.code, value, refusal.message(subject, scalar.quotation))
    }
    return result
  }
}
