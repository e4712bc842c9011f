internal import ArgumentParser
internal import ProcessTreeTopologyFormat

/// `ptree import`: a topology file from another tool's file.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Writes a topology file for a Procfile or a file of process-compose.")

  @Argument(help: "The Procfile, or process-compose.yaml.", completion: .file())
  var file: String

  func run() throws {
    let text = Watchdog.guarding {
      Result { () throws(FileImport.Refusal) in try FileImport.text(of: file) }
    }
    switch text {
    case .success(let text): try Standard.output.write(text)
    case .failure(let refusal): throw UsageError(refusal.description)
    }
  }
}
