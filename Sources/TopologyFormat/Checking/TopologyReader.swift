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
  /// The files of variables of the environment that nodes name, and where.
  var environmentFiles: [NamedFile] = []
  /// The files that nodes write to.
  var written = WrittenFiles()
  let executables = KnownExecutables()
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
  ///   - options: The inputs of the check beside the file.
  ///   - contents: The text of a file in place of the one on disk, for tests.
  package static func check(
    _ path: String, _ options: CheckOptions = CheckOptions(),
    contents: ((String) -> String?)? = nil
  ) -> CheckedFile {
    check(path, options, in: FileSet(contents: contents))
  }

  /// Checks a file.
  ///
  /// - Parameter files: Those of the topology; the first may have been read.
  package static func check(
    _ path: String, _ options: CheckOptions, in files: FileSet
  ) -> CheckedFile {
    var reader = TopologyReader(files, options)
    let checked = reader.read(path)
    let isRight = reader.diagnostics.errorCount == 0
    return CheckedFile(
      path: path, files: files.sources, diagnostics: reader.diagnostics,
      topology: isRight ? checked?.topology : nil, value: checked?.value,
      environmentFiles: reader.environmentFiles)
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
    let (errors, lacksFiles) = (diagnostics.errorCount, hasWrongShapes)
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
    if evaluated["nodes"] == nil, value["include"].map({ $0.list != nil }) ?? true {
      diagnostics.error(
        .missingKey, at: value.place, "a topology has 'nodes', or includes a file that has some.")
    }
    // Where a value is not what it has to be, what follows from it is nonsense; names are what they
    // are.
    guard diagnostics.errorCount == errors || !hasWrongShapes else {
      if !lacksFiles { NameChecks.checkAll(evaluated, &self) }
      return nil
    }
    var builder = TopologyBuilder(self, path: path)
    let topology = builder.topology(evaluated, name: name, address: address)
    diagnostics = builder.reader.diagnostics
    profiles = builder.reader.profiles
    environmentFiles = builder.reader.environmentFiles
    written = builder.reader.written
    return (topology, evaluated)
  }

  private static var shapeOfVariables: Shape {
    .map(keys: .variableName, of: .named("variableValue"), least: 0)
  }

  private var hasWrongShapes: Bool {
    diagnostics.all.contains {
      $0.severity == .error
        && [.wrongType, .tooLarge, .tooDeep, .tooManyValues].contains($0.code)
    }
  }

  // MARK: Files

  /// A file with what it includes; nil if it cannot be read.
  ///
  /// - Parameter name: Where another file names it; nil for one that the command line names.
  mutating func load(_ path: String, named name: Value? = nil) -> Value? {
    trail.append(path)
    defer { trail.removeLast() }
    let read = files.readOn(path)
    for failure in files.duplicates(of: read.number) { report(failure) }
    switch read.value {
    case .failure(let failure) where failure.code == .unreadable && name != nil:
      // It has no line that could be shown.
      diagnostics.error(
        .unreadable, at: name?.place ?? failure.place, length: name?.text?.count ?? 1,
        "'\(name?.text ?? path)' cannot be read: \(failure.message)")
      return nil
    case .failure(let failure):
      report(failure)
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

  private mutating func report(_ failure: ReadingFailure) {
    diagnostics.error(failure.code, at: failure.place, length: failure.length, failure.message)
    // Only of what could be read is it known which values are secrets.
    guard files.sources.contains(where: \.mentionsSecrets) else { return }
    diagnostics.hideLine(
      at: failure.place, except: failure.code == .duplicateKey ? failure.length : 0)
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

  // MARK: Variables

  private mutating func declare(_ value: Value, _ variables: Variables, given: Value?) {
    for entry in value["variables"]?.entries ?? [] {
      var variable = Variables.Variable(place: entry.place, value: entry.value)
      if entry.value.entries != nil {
        variable.value = entry.value["default"]
        // Nothing has a value yet, so an expression counts as true: no value that may be a secret
        // is taken for none.
        variable.isSecret = entry.value["secret"]?.text.map { $0 != "false" } ?? false
        variable.isRequired = entry.value["required"]?.text.map { $0 != "false" } ?? false
      }
      if variable.isSecret { hide(variable.value) }
      variables.declare(entry.key, variable)
    }
    for entry in given?.entries ?? [] { give(entry.key, entry.value, entry.place, variables) }
    if given == nil {
      // A value from outside of the files is text: it cannot read the environment.
      for (name, text) in options.variables {
        // There is no place in a file where it stands; the variables are the next best.
        let place = value.entry("variables")?.place ?? value.place
        give(name, Value(.scalar(Scalar(text)), at: place), place, variables, isText: true)
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
      return reportUnknown(name, at: place, among: variables.table.keys.sorted())
    }
    if variables.table[name]?.isSecret == true {
      // A value from outside of the files stands in no line of theirs.
      if isText { diagnostics.hide(value.text) } else { hide(value) }
    }
    variables.give(name, value, isText: isText)
  }

  mutating func reportUnknown(_ name: String, at place: Place, among known: [String]) {
    let nearest = Nearest.word(to: name, among: known)
    diagnostics.error(
      .unknownVariable, at: place, length: name.count,
      "there is no variable '\(name.prefix(60))' to be set"
        + (nearest.map { "; did you mean '\($0)'?" } ?? "."), suggestion: nearest)
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
