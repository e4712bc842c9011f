internal import ArgumentParser
internal import ProcessTree
internal import ProcessTreeTopologyFormat

/// `ptree logs`: what nodes of a live run have written lately, and what they write.
struct LogsCommand: LiveCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs",
    abstract: "Prints what nodes of a live run have written lately, and with -f what they write.")

  @Flag(name: .shortAndLong, help: "Go on with what they write, until the run ends.")
  var follow = false

  @Option(help: "Begin with at most this number of lines.")
  var lines: Int?

  @Flag(help: "Print the bytes as they were written: without names, and whatever a terminal does.")
  var raw = false

  @OptionGroup var live: LiveOptions

  func validate() throws {
    guard lines ?? 0 >= 0 else { throw ValidationError("The number of lines is at least 0.") }
    guard !raw || !live.json else { throw ValidationError("--raw and --json exclude each other.") }
  }

  func perform() throws {
    let (run, rest) = try RunChoice().choose(live.words)
    var line = try RunLine(run)
    let patterns =
      rest.isEmpty ? [] : try NodeChoice(nodes: line.request(.tree).nodes).patterns(rest)
    var printer = LogPrinter(raw ? .raw : live.json ? .json : .named)
    try line.follow(.output(of: patterns, lines: lines, follows: follow)) { content in
      switch content {
      case .output(let output): try printer.print(output)
      case .dropped(let count): try printer.printLoss(of: count)
      default: break
      }
    }
    try printer.finish()
  }
}
