internal import ArgumentParser
internal import ProcessTreeTopologyFormat

/// `ptree graph`: the picture of a file.
struct GraphCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graph", abstract: "Draws a topology file.")

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, dot, mermaid, svg, json
  }

  @Argument(help: "The file; - is standard input.", completion: .topologyFile)
  var file: String

  @Option(help: "text, dot, mermaid, svg or json.")
  var format = Format.text

  @Option(help: "How many levels of groups are shown, all without it; deeper ones are boxes.")
  var depth: Int?

  @OptionGroup var topology: TopologyOptions

  func validate() throws {
    guard depth ?? 1 > 0 else { throw ValidationError("The depth is at least 1.") }
  }

  func run() throws {
    var options = try topology.settings.checkOptions()
    options.isWithoutEnvironment = true
    options.looksForExecutables = false
    let checked = Watchdog.guarding { TopologyReader.check(file, options) }
    guard let topology = checked.topology else {
      CheckReport.tell(checked)
      throw ExitCode(ExitStatusCode.usage)
    }
    let graph = Graph(topology, depth: depth ?? .max)
    let text =
      switch format {
      case .text: graph.text
      case .dot: graph.dot
      case .mermaid: graph.mermaid
      case .svg: graph.svg
      case .json: graph.json.line
      }
    try Standard.output.write(text)
  }
}
