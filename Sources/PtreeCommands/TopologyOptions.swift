internal import ArgumentParser
internal import ProcessTreeProcessControl
internal import ProcessTreeTopologies
internal import ProcessTreeTopologyFormat

extension CompletionKind {
  /// The path of a topology file.
  static var topologyFile: Self { .file(extensions: ["yaml", "yml", "json"]) }
}

/// The options of every command that reads a topology file.
struct TopologyOptions: ParsableArguments {
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Give a variable of the file a value.", valueName: "name=value"))
  var set: [String] = []

  @Option(
    help: ArgumentHelp("Give variables the values of a YAML file.", valueName: "file"),
    completion: .topologyFile)
  var variables: [String] = []

  @Option(
    help: ArgumentHelp("Lay another file over it.", valueName: "file"),
    completion: .topologyFile)
  var overlay: [String] = []

  @Option(help: ArgumentHelp("Run the nodes of a profile as well.", valueName: "name"))
  var profile: [String] = []

  @Option(
    help: ArgumentHelp(
      "Run only these nodes, and what they depend on.", valueName: "name,…"))
  var only: [String] = []

  @Option(help: ArgumentHelp("Leave these nodes out.", valueName: "name,…"))
  var without: [String] = []

  init() {}

  /// Takes the options of a plain line.
  init(_ line: PlainLine) {
    let settings = TopologySettings(line)
    (set, variables, overlay) = (settings.set, settings.variables, settings.overlay)
    (profile, only, without) = (settings.profile, settings.only, settings.without)
  }

  /// The values of these options.
  var settings: TopologySettings {
    TopologySettings(
      set: set, variables: variables, overlay: overlay, profile: profile, only: only,
      without: without)
  }
}

/// The values of the options that concern the file.
struct TopologySettings {
  var set: [String] = []
  var variables: [String] = []
  var overlay: [String] = []
  var profile: [String] = []
  var only: [String] = []
  var without: [String] = []

  /// The options of a plain line.
  static let ofPlainLines = [
    "--set", "--variables", "--overlay", "--profile", "--only", "--without",
  ]

  /// The options for the check.
  func checkOptions() throws -> CheckOptions {
    var options = CheckOptions()
    for path in variables {
      let given = try VariableFile(path)
      options.variables += given.values
      options.variableFiles.append(given.file)
    }
    for assignment in set {
      guard let equals = assignment.firstIndex(of: "=") else {
        throw UsageError("--set takes NAME=VALUE, and '\(assignment)' has no '='.")
      }
      options.variables.append(
        (String(assignment[..<equals]), String(assignment[assignment.index(after: equals)...])))
    }
    options.overlays = overlay
    options.profiles = Set(profile)
    options.only = only.flatMap(Self.names)
    // An empty list would run all of them.
    guard only.isEmpty || !options.only.isEmpty else {
      throw UsageError("--only takes the names of nodes, and here is none.")
    }
    options.without = Set(without.flatMap(Self.names))
    options.environment = CheckOptions.environmentOfProcess
    options.catalog = RunningTool.current.catalog
    options.toolVersion = PtreeCommand.version
    return options
  }

  /// Overwrites the arguments that hold values of secret variables: all users of a host can read
  /// those of a process that lives on.
  func hideSecrets(of diagnostics: Diagnostics) {
    for assignment in set {
      guard let equals = assignment.firstIndex(of: "="),
        diagnostics.secrets.contains(String(assignment[assignment.index(after: equals)...]))
      else { continue }
      for option in ["", "--set="] {
        ProcessArguments.hide(
          option + assignment, from: (option + assignment[...equals]).utf8.count)
      }
    }
  }

  private static func names(_ text: String) -> [String] {
    text.split(separator: ",").map(String.init)
  }
}

extension TopologySettings {
  /// Takes the options of a plain line.
  init(_ line: PlainLine) {
    self.init(
      set: line.all("--set"), variables: line.all("--variables"), overlay: line.all("--overlay"),
      profile: line.all("--profile"), only: line.all("--only"), without: line.all("--without"))
  }
}
