import PtreeCommands

/// An app with a command line of its own, which runs a file: the path and a word are its arguments.
@main
struct Embedded: ProcessTreeApp {
  static let catalog = Catalog(programs: [Greet.self])

  static var programs: [any NodeProgram.Type] { catalog.programs }

  func run(in root: Node) async throws {
    let words = CommandLine.arguments
    let topology: Topology
    do {
      topology = try Topology(
        contentsOf: words[1], catalog: Self.catalog, variables: ["word": words[2]])
    } catch {
      root.exit("\(error)")
    }
    do {
      try await root.run(topology)
      print("\(topology.name) is over")
    } catch let failure as TopologyFailure {
      print("failed with \(failure.exitCode): \(failure)")
    }
  }
}

struct Greet: NodeProgram {
  var word: String

  func run(in node: Node) async throws { print(word) }
}
