internal import ArgumentParser
internal import ProcessTreeExamples
internal import ProcessTreeTopologies

/// `ptree list`.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Lists the bundled examples; in an app, its programs with their arguments.")

  @Flag(help: "Print the list as a JSON document.")
  var json = false

  func run() throws {
    let entries = Self.entries
    guard json else { return try Standard.output.write(Self.table() + "\n") }
    try Standard.output.write(try jsonDocument(entries))
  }

  /// The examples with what they teach, a line for each.
  static func table(indent: String = "") -> String {
    let width = entries.map(\.name.count).max() ?? 0
    return entries.map { entry in
      let padding = String(repeating: " ", count: width - entry.name.count)
      return "\(indent)\(entry.name)\(padding)  \(entry.summary)"
    }.joined(separator: "\n")
  }

  private static var entries: [Entry] {
    guard let catalog = RunningTool.current.catalog else {
      return Examples.all.map { Entry(name: $0.name, summary: $0.lesson) }
    }
    return catalog.entries.map { entry in
      Entry(
        name: entry.name,
        summary: (entry.isStage ? "stage  " : "") + entry.arguments.joined(separator: ", "))
    }
  }

  private struct Entry: Encodable {
    let name: String
    let summary: String
  }
}
