internal import ArgumentParser
internal import ExampleTopologies

/// `ptree list`.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the bundled examples.")

  @Flag(help: "Print the list as a JSON document.")
  var json = false

  func run() throws {
    let entries = Examples.all.map { Entry(name: $0.name, summary: $0.lesson) }
    guard json else {
      let width = entries.map(\.name.count).max() ?? 0
      for entry in entries {
        let padding = String(repeating: " ", count: width - entry.name.count)
        try Standard.output.write("\(entry.name)\(padding)  \(entry.summary)\n")
      }
      return
    }
    try Standard.output.write(try jsonDocument(entries))
  }

  private struct Entry: Encodable {
    let name: String
    let summary: String
  }
}
