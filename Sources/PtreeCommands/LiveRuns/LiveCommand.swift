internal import ArgumentParser
internal import ProcessTree
internal import ProcessTreeTopologyFormat

/// What all commands about live runs take.
struct LiveOptions: ParsableArguments {
  @Flag(help: "Print the result as JSON on standard output.")
  var json = false

  @Flag(help: "Print nothing but errors.")
  var quiet = false
}

/// A command that looks at or changes a live run from outside: it starts no process.
protocol LiveCommand: ParsableCommand {
  /// The run, and what is meant in it.
  var words: [String] { get }
  var live: LiveOptions { get }
  func perform() throws
}

extension LiveCommand {
  func run() throws {
    guard !words.contains("") else {
      // Scripts whose variable is not set would mean the root by it.
      throw UsageError("'' is the name of no run and no node; is a variable not set?")
    }
    do {
      try perform()
    } catch let refusal as RunRefusal {
      try tell(refusal)
      throw ExitCode(refusal.code)
    }
  }

  /// Reports why something was not done.
  func tell(_ refusal: RunRefusal) throws {
    Standard.complain("\(refusal)")
    guard live.json else { return }
    let error = JSONValue.object([
      ("code", .text(refusal.kind)), ("message", .text(refusal.description)),
    ])
    try Standard.output.write(JSONValue.object([("error", error)]).line)
  }

  /// Prints a document, or lines for people; the other one is not made.
  func show(_ document: @autoclosure () -> JSONValue, _ text: @autoclosure () -> String) throws {
    if live.json { return try Standard.output.write(document().line) }
    guard !live.quiet else { return }
    let text = text()
    try Standard.output.write(text.hasSuffix("\n") ? text : text + "\n")
  }
}

/// The help of a command about live runs beside its options.
struct LiveHelp {
  /// How a run is named.
  static let run =
    "Its number or the beginning of it, its root's pid, or its name; "
    + "it may be left out if only one of this user is live."

  /// The help of the words behind a command.
  static func words(_ more: String, _ name: String = "node") -> ArgumentHelp {
    // Two words in the line of usage.
    ArgumentHelp("The run. \(run) Behind it \(more)", valueName: "run> <\(name)")
  }

  /// An example for each use.
  let examples: KeyValuePairs<String, String>
  /// What the codes mean here that are not the same everywhere.
  let codes: KeyValuePairs<Int32, String>

  /// Below the first line of the help.
  func text(_ more: String? = nil) -> String {
    let tool = RunningTool.current.name
    let width = examples.map { $0.key.count }.max() ?? 0
    let lines = examples.map { words, effect in
      "  \(tool) \(words)" + String(repeating: " ", count: width - words.count + 2) + effect
    }
    let own = Dictionary(codes.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    let all = own.merging(Self.usual) { own, _ in own }.sorted { $0.key < $1.key }
      .filter { !$0.value.isEmpty }.map { "\($0.key) \($0.value)" }
    return (more.map { [$0, ""] } ?? []).joined(separator: "\n")
      + ((more == nil ? [] : [""]) + ["Examples:"] + lines + ["", "Exit codes: "])
      .joined(separator: "\n") + all.joined(separator: "; ") + "."
  }

  private static let usual: [Int32: String] = [
    0: "done", ExitStatusCode.usage: "usage, or several runs are meant",
    LiveExitCode.notFound: "no such run or node",
    LiveExitCode.noAnswer: "the root does not answer, or speaks another version",
  ]
}
