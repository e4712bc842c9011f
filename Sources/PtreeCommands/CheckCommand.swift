internal import ArgumentParser
internal import ProcessTreeTopologyFormat

/// `ptree check`: looks at topology files and starts nothing.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Checks topology files without running them.")

  @Argument(help: "The files; - is standard input.", completion: .topologyFile)
  var files: [String]

  @Flag(help: "Warnings are errors.")
  var strict = false

  @Flag(help: "Unset variables of the environment count as given.")
  var withoutEnvironment = false

  @Flag(help: "Let the app that a file names check it, which executes the app.")
  var askApp = false

  @Flag(help: "Run the app as root, although somebody else may write to it.")
  var trust = false

  @Flag(help: "Print the result as one JSON document.")
  var json = false

  @Flag(help: "Print the file as it would be run: one document, with expressions evaluated.")
  var print = false

  @Flag(help: "With --print: behind each value the file and the line that it stands in.")
  var origins = false

  @Flag(help: "Print the order of start and of stop.")
  var plan = false

  @OptionGroup var topology: TopologyOptions

  init() {}

  /// Reads a plain line; nil if it is for the parser.
  init?(plain arguments: [String]) {
    guard
      let line = PlainLine(
        arguments.dropFirst(),
        flags: [
          "--strict", "--without-environment", "--ask-app", "--trust", "--json", "--print",
          "--origins", "--plan",
        ], options: TopologySettings.ofPlainLines),
      !line.words.isEmpty
    else { return nil }
    (files, topology) = (line.words, TopologyOptions(line))
    (strict, withoutEnvironment) = (line.has("--strict"), line.has("--without-environment"))
    (askApp, trust, json) = (line.has("--ask-app"), line.has("--trust"), line.has("--json"))
    (print, origins, plan) = (line.has("--print"), line.has("--origins"), line.has("--plan"))
    guard (try? validate()) != nil else { return nil }
  }

  func validate() throws {
    guard print || !origins else { throw ValidationError("--origins goes with --print.") }
    guard !askApp || files.count == 1 else {
      throw ValidationError("--ask-app takes one file, of which the app is asked.")
    }
  }

  func run() throws {
    if askApp, let file = files.first {
      try AppHandover.follow(file, in: FileSet(), isTrusted: trust)
    }
    var options = try topology.settings.checkOptions()
    options.isWithoutEnvironment = withoutEnvironment
    var hasErrors = false
    var documents: [JSONValue] = []
    for file in files {
      var checked = Watchdog.guarding { TopologyReader.check(file, options) }
      if strict { checked.diagnostics.beStrict() }
      hasErrors = hasErrors || checked.diagnostics.errorCount > 0
      if json {
        documents.append(DiagnosticJSON.document(checked, withPlan: plan))
      } else {
        try report(checked)
      }
    }
    if json { try Standard.output.write(JSONValue.object([("files", .list(documents))]).line) }
    if hasErrors { throw ExitCode(ExitStatusCode.usage) }
  }

  private func report(_ checked: CheckedFile) throws {
    CheckReport.tell(checked)
    guard checked.diagnostics.errorCount == 0, let topology = checked.topology else { return }
    if print, let value = checked.value {
      return try Standard.output.write(
        YAMLText.text(of: value, origins: origins ? checked.files : nil))
    }
    if plan { return try Standard.output.write(StartPlan(topology.group).text) }
    let nodes = topology.nodeCount
    let warnings = checked.diagnostics.warningCount
    try Standard.output.write(
      "\(checked.path == "-" ? "standard input" : checked.path): \(nodes) node\(nodes == 1 ? "" : "s"), "
        + (warnings == 0 ? "no errors" : "\(warnings) warning\(warnings == 1 ? "" : "s")") + "\n")
  }
}

/// The diagnostics of a file, on standard error.
enum CheckReport {
  static func tell(_ checked: CheckedFile) {
    let text = DiagnosticText(checked.files).text(of: checked.diagnostics)
    if !text.isEmpty { Standard.error.tell(text) }
    let errors = checked.diagnostics.errorCount
    guard errors > 0 else { return }
    Standard.complain(
      "\(checked.path == "-" ? "standard input" : checked.path) has \(errors) "
        + "error\(errors == 1 ? "" : "s"); nothing was started.")
  }
}

/// The diagnostics of a file, as data.
enum DiagnosticJSON {
  static func document(_ checked: CheckedFile, withPlan: Bool) -> JSONValue {
    var members: [(String, JSONValue)] = [("file", .text(checked.path))]
    if let topology = checked.topology {
      members.append(("name", .text(topology.name)))
      members.append(("nodes", .integer(topology.nodeCount)))
      if withPlan {
        let plan = StartPlan(topology.group)
        members.append(("start", plan.startJSON))
        members.append(("stop", StopOrder(plan).json))
        members.append(("longestStop", .number(plan.longestStop / .seconds(1))))
      }
    }
    members.append(("isValid", .boolean(checked.diagnostics.errorCount == 0)))
    members.append(
      ("diagnostics", .list(checked.diagnostics.sorted.map { json($0, in: checked) })))
    return .object(members)
  }

  private static func json(_ diagnostic: Diagnostic, in checked: CheckedFile) -> JSONValue {
    let (place, files) = (diagnostic.place, checked.files)
    let message = DiagnosticText.message(of: diagnostic, in: checked.diagnostics)
    let file = files.indices.contains(place.file) ? files[place.file].name : ""
    return .object([
      ("severity", .text(diagnostic.severity.rawValue)), ("code", .text(diagnostic.code.rawValue)),
      ("file", .text(file)), ("line", .integer(place.line)), ("column", .integer(place.column)),
      ("endColumn", .integer(place.column + max(1, diagnostic.length))),
      ("path", .text(diagnostic.path)), ("message", .text(message)),
      ("suggestion", diagnostic.suggestion.map { .text($0) } ?? .null),
    ])
  }
}
