internal import ArgumentParser
internal import ProcessTreeTopologies
internal import ProcessTreeTopologyFormat

/// `ptree schema`: the JSON Schema of topology files, for editors.
struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Prints the JSON Schema of topology files.")

  @Flag(help: "Print the tables of the documentation instead.")
  var tables = false

  func run() throws {
    var schema = Schema.standard
    if let catalog = RunningTool.current.catalog {
      schema = schema.naming(catalog.programNames, catalog.stageNames)
    }
    try Standard.output.write(tables ? Schema.standard.tables : schema.json.text)
  }
}
