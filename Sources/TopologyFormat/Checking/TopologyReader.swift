/// Reads a file with all that belongs to it.
package struct TopologyReader {
  let files: FileSet
  let options: CheckOptions
  var diagnostics = Diagnostics()
  /// The files that lead to the present one.
  var trail: [String] = []
  /// The profiles that nodes name.
  var profiles: Set<String> = []
  /// The path of the app that the file names.
  var app: String?
  /// Whether the present node runs on another host.
  var isElsewhere = false

  init(_ files: FileSet, _ options: CheckOptions) {
    self.files = files
    self.options = options
  }

  /// Checks a file.
  ///
  /// - Parameters:
  ///   - path: The file's path, or `-` for standard input.
  ///   - options: What the check is told beside the file.
  ///   - contents: The text of a file in place of the one on disk, for tests.
  package static func check(
    _ path: String, _ options: CheckOptions = CheckOptions(),
    contents: ((String) -> String?)? = nil
  ) -> CheckedFile {
    let files = FileSet(contents: contents)
    var reader = TopologyReader(files, options)
    let checked = reader.read(path)
    let isRight = reader.diagnostics.errorCount == 0
    return CheckedFile(
      path: path, files: files.sources, diagnostics: reader.diagnostics,
      topology: isRight ? checked?.topology : nil, value: checked?.value)
  }

  private mutating func read(_ path: String) -> (topology: TopologyPlan, value: Value)? {
    guard var value = load(path) else { return nil }
    for overlay in options.overlays {
      guard let upper = load(overlay) else { continue }
      value = Overlay.merged(value, upper)
    }
    let variables = Variables(
      environment: options.environment, isWithoutEnvironment: options.isWithoutEnvironment)
    let checked = topology(value, path: path, variables, given: nil, address: "")
    if checked != nil { checkProfiles(value) }
    return checked
  }

  private mutating func checkProfiles(_ value: Value) {
    for name in options.profiles.subtracting(profiles).sorted() {
      let nearest = Nearest.word(to: name, among: profiles.sorted())
      diagnostics.error(
        .unknownProfile, at: value.place,
        "no node has the profile '\(name.prefix(60))'"
          + (nearest.map { "; did you mean '\($0)'?" } ?? "."), suggestion: nearest)
    }
  }

  /// Checks the value of a file as a whole.
  mutating func topology(
    _ value: Value, path: String, _ variables: Variables, given: Value?, address: String
  ) -> (topology: TopologyPlan, value: Value)? {
    declare(value, variables, given: given)
    let name = value["name"]?.text ?? (path == "-" ? "topology" : Path.stem(of: path))
    let scope = Scope(
      variables: variables, directory: Path.directory(of: path), runName: name, address: address)
    var checker = ShapeChecker(.standard, files)
    // Values of variables are evaluated where they are used; `include` has been followed.
    var rest = value
    rest.content = .map((value.entries ?? []).filter { $0.key != "variables" })
    let errors = diagnostics.errorCount
    var evaluated = checker.check(rest, .object("topology"), scope)
    if let declared = value.entry("variables") {
      // What a secret is made into is a secret, and is used as one.
      var scope = scope
      scope.allowsSecrets = true
      _ = checker.check(declared.value, Self.shapeOfVariables, scope)
    }
    for diagnostic in checker.diagnostics.all { diagnostics.add(diagnostic) }
    diagnostics.hideSecrets(of: checker.diagnostics)
    reportUnused(variables)
    evaluated = evaluated.without(["include", "variables"])
    if evaluated["nodes"] == nil {
      diagnostics.error(
        .missingKey, at: value.place, "a topology has 'nodes', or includes a file that has some.")
    }
    // Where a value is not what it has to be, what follows from it is nonsense.
    guard diagnostics.errorCount == errors || !hasWrongShapes(since: errors) else { return nil }
    var builder = TopologyBuilder(self, path: path)
    let topology = builder.topology(evaluated, name: name, address: address)
    diagnostics = builder.reader.diagnostics
    profiles = builder.reader.profiles
    return (topology, evaluated)
  }

  private static var shapeOfVariables: Shape {
    .map(keys: .variableName, of: .named("variableValue"), least: 0)
  }

  private func hasWrongShapes(since count: Int) -> Bool {
    diagnostics.all.contains {
      $0.severity == .error
        && [.wrongType, .tooLarge, .tooDeep, .tooManyValues].contains($0.code)
    }
  }

  // MARK: Files

  /// A file with what it includes; nil if it cannot be read.
  mutating func load(_ path: String) -> Value? {
    trail.append(path)
    defer { trail.removeLast() }
    let read = files.read(path)
    switch read.value {
    case .failure(let failure):
      diagnostics.error(failure.code, at: failure.place, length: failure.length, failure.message)
      // Only a file that can be read tells which of its values are secrets.
      if files.sources.contains(where: \.mentionsSecrets) {
        diagnostics.hideLine(
          at: failure.place, except: failure.code == .duplicateKey ? failure.length : 0)
      }
      return nil
    case .success(let value):
      guard !value.isNothing else {
        diagnostics.error(
          .missingKey, at: Place(file: read.number),
          "this says nothing; a topology begins with 'ptree: 1'.")
        return nil
      }
      guard value.entries != nil else {
        diagnostics.error(
          .wrongType, at: value.place,
          "a topology is a map of keys that begins with 'ptree: 1'; here is \(value.kindInWords).")
        return nil
      }
      guard isVersionKnown(value, read.number) else { return nil }
      return including(value)
    }
  }

  private mutating func isVersionKnown(_ value: Value, _ file: Int) -> Bool {
    guard let entry = value.entry("ptree") else {
      diagnostics.error(
        .unsupportedVersion, at: value.place,
        "a topology begins with 'ptree: 1', the version of its format.", suggestion: "ptree: 1")
      return false
    }
    let text = entry.value.text ?? ""
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count <= 2, parts.first == 1, parts.count == 1 || parts.last == 0 else {
      let tool = options.toolVersion.isEmpty ? "ptree" : "ptree \(options.toolVersion)"
      let isVersion = parts.count <= 2 && parts.allSatisfy { $0 != nil } && !text.isEmpty
      diagnostics.error(
        .unsupportedVersion, at: entry.value.place, length: max(1, text.count),
        isVersion
          ? "this file needs format \(text); this is \(tool), which reads up to 1.0."
          : "'ptree' is the version of the format: write ptree: 1.")
      return false
    }
    return true
  }

  private mutating func including(_ value: Value) -> Value {
    guard let entry = value.entry("include"), let list = entry.value.list else { return value }
    var value = value
    for element in list {
      let given = element["variables"]
      guard let scalar = (element["file"] ?? element).scalar, let name = scalar.constant else {
        continue
      }
      let place = (element["file"] ?? element).place
      guard let path = path(name, at: place, length: name.count),
        let included = load(path)
      else { continue }
      include(included, given, into: &value)
    }
    return value
  }

  /// The path of a file that another one leads to; nil if it may not be followed.
  mutating func path(_ name: String, at place: Place, length: Int) -> String? {
    let from = files[place.file]?.directory ?? Path.current
    let path = Path.relative(Path.absolute(name, from: from))
    if let start = trail.firstIndex(where: { Path.relative($0) == path }) {
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

  private mutating func include(_ included: Value, _ given: Value?, into value: inout Value) {
    for entry in included.entries ?? [] {
      switch entry.key {
      case "ptree", "name", "description", "include": continue
      case "variables", "hosts", "channels", "nodes": merge(entry, given, into: &value)
      case let key where key.hasPrefix("x-"): if value.entry(key) == nil { value.append(entry) }
      default:
        diagnostics.error(
          .meaningless, at: entry.place, length: entry.key.count,
          "an included file has variables, hosts, channels, nodes and x-…; '\(entry.key)' belongs to a file that is run, or to a node with 'file'."
        )
      }
    }
  }

  private mutating func merge(_ entry: Value.Entry, _ given: Value?, into value: inout Value) {
    var entry = entry
    if entry.key == "variables", let given, let values = given.entries {
      entry.value = Overlay.merged(entry.value, Value(.map(values), at: given.place))
    }
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

  // MARK: Variables

  private mutating func declare(_ value: Value, _ variables: Variables, given: Value?) {
    for entry in value["variables"]?.entries ?? [] {
      var variable = Variables.Variable(place: entry.place, value: entry.value)
      if entry.value.entries != nil {
        variable.value = entry.value["default"]
        variable.isSecret = entry.value["secret"]?.text == "true"
        variable.isRequired = entry.value["required"]?.text == "true"
      }
      if variable.isSecret { hide(variable.value) }
      variables.declare(entry.key, variable)
    }
    for entry in given?.entries ?? [] { give(entry.key, entry.value, entry.place, variables) }
    if given == nil {
      // What comes from outside of the files is text: it cannot read the environment.
      for (name, text) in options.variables {
        give(name, Value(.scalar(Scalar(text)), at: Place()), Place(), variables, isText: true)
      }
    }
    for (name, variable) in variables.table.sorted(by: { $0.value.place < $1.value.place })
    where variable.isRequired && !variable.isGiven && variable.value == nil {
      diagnostics.error(
        .unsetVariable, at: variable.place, length: name.count,
        "'\(name)' needs a value: --set \(name)=…")
      variables.give(name, Value(.scalar(Scalar(pieces: [.unknown])), at: variable.place))
      variables.use(name)
    }
  }

  private mutating func give(
    _ name: String, _ value: Value, _ place: Place, _ variables: Variables, isText: Bool = false
  ) {
    guard variables.table[name] != nil else {
      let nearest = Nearest.word(to: name, among: variables.table.keys.sorted())
      return diagnostics.error(
        .unknownVariable, at: place, length: name.count,
        "there is no variable '\(name.prefix(60))' to be set"
          + (nearest.map { "; did you mean '\($0)'?" } ?? "."), suggestion: nearest)
    }
    if variables.table[name]?.isSecret == true { hide(value) }
    variables.give(name, value, isText: isText)
  }

  /// A secret is not shown with the lines of the file.
  private mutating func hide(_ value: Value?) {
    if let value { diagnostics.hide(value.text, at: value.place) }
  }

  private mutating func reportUnused(_ variables: Variables) {
    for (name, variable) in variables.table where !variables.used.contains(name) {
      diagnostics.warning(
        .unusedVariable, at: variable.place, length: name.count,
        "nobody uses the variable '\(name)'.")
    }
  }
}

extension Path {
  /// A path as it is shown: from the working directory, if it is below that.
  static func relative(_ path: String) -> String {
    let here = current.hasSuffix("/") ? current : current + "/"
    return path.hasPrefix(here) ? String(path.dropFirst(here.count)) : path
  }
}

extension Value {
  mutating func append(_ entry: Entry) { content = .map((entries ?? []) + [entry]) }

  mutating func replace(_ key: String, _ value: Value) {
    content = .map(
      (entries ?? []).map { $0.key == key ? Entry(key: key, place: $0.place, value: value) : $0 })
  }

  func without(_ keys: Set<String>) -> Value {
    var value = self
    value.content = .map((entries ?? []).filter { !keys.contains($0.key) })
    return value
  }
}

/// Lays one file over another.
enum Overlay {
  /// Maps are merged key by key, all else is replaced, and nothing takes away.
  static func merged(_ lower: Value, _ upper: Value) -> Value {
    guard let below = lower.entries, let above = upper.entries else { return upper }
    let table = Dictionary(above.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    let kinds = Set(NodeKind.allCases.map(\.rawValue))
    // Only a node has such keys, and one of them at a time.
    let hasOtherKind =
      above.contains { kinds.contains($0.key) && $0.key != "nodes" } && lower.entry("ptree") == nil
    var entries: [Value.Entry] = []
    for entry in below {
      if let other = table[entry.key] {
        guard !other.value.isNothing else { continue }
        entries.append(
          Value.Entry(
            key: entry.key, place: other.place, value: merged(entry.value, other.value)))
      } else if !(hasOtherKind && kinds.contains(entry.key)) {
        entries.append(entry)
      }
    }
    let known = Set(below.map(\.key))
    entries += above.filter { !known.contains($0.key) && !$0.value.isNothing }
    var value = lower
    value.content = .map(entries)
    return value
  }
}
