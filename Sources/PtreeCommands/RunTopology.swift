internal import ArgumentParser
internal import Glibc
internal import ProcessTree
internal import ProcessTreeTopologies
internal import ProcessTreeTopologyFormat

/// `ptree run FILE`.
struct RunTopology: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: name,
    abstract: "Runs a topology file: a path with a slash or ending in .yaml, .yml, .json, or -.")

  /// The subcommand that a file stands for.
  static let name = "FILE"

  @Argument(help: "The file; - is standard input.", completion: .topologyFile)
  var file: String

  @OptionGroup var topology: TopologyOptions

  @OptionGroup var detached: DetachOptions

  @OptionGroup var options: RunOptions

  /// Whether a word stands for a file, and not for the name of an example.
  static func isFile(_ word: String) -> Bool {
    word == "-" || word.contains("/")
      || [".yaml", ".yml", ".json"].contains { word.hasSuffix($0) }
  }

  /// What the line asks for.
  var request: FileRequest {
    FileRequest(
      file: file, topology: topology.settings, detached: detached.settings,
      options: options.settings)
  }
}

/// What a line with a topology file asks for.
struct FileRequest {
  let file: String
  let topology: TopologySettings
  let detached: DetachSettings
  let options: RunSettings

  /// Checks the file as it is to be run here.
  func check(in files: FileSet) throws -> CheckedFile {
    let isCareful = geteuid() == 0 && !options.hosts.trust
    var given = try topology.checkOptions()
    given.isForRun = true
    for file in given.variableFiles where isCareful && file.path != "-" {
      guard let refusal = Trust.refusal(of: file.path, being: file.identity) else { continue }
      throw UsageError("root does not run with \(file.path): \(refusal), or say --trust.")
    }
    var checked = Watchdog.guarding { TopologyReader.check(file, given, in: files) }
    topology.hideSecrets(of: checked.diagnostics)
    if isCareful { refuseUnsafeFiles(of: &checked) }
    return checked
  }

  /// A topology is code, and root runs no code of somebody else by mistake.
  private func refuseUnsafeFiles(of checked: inout CheckedFile) {
    let isRight = checked.topology != nil
    func refuse(
      _ path: String, _ identity: FileIdentity?, at place: ProcessTreeTopologyFormat.Place,
      length: Int, _ what: String
    ) {
      // If a file is not there, the check has reported that.
      guard isRight || access(path, F_OK) == 0,
        let refusal = Trust.refusal(of: path, being: identity)
      else { return }
      checked.diagnostics.error(
        .unsafeFile, at: place, length: length,
        "root does not run \(what): \(refusal). To run it all the same, say --trust.")
      checked.topology = nil
    }
    for (number, source) in checked.files.enumerated() where source.path != "-" {
      refuse(source.path, source.identity, at: Place(file: number), length: 1, "this")
    }
    // The environment decides which code a program loads.
    for file in checked.environmentFiles {
      let text = file.name.text
      refuse(
        file.path, file.identity, at: file.name.place, length: text?.count ?? 1,
        "with '\(text ?? file.path)'")
    }
  }
}

extension FileRequest {
  /// Reads a plain line that has the file behind the name of the subcommand; nil if it is for the
  /// parser.
  init?(plain arguments: [String]) {
    let options = RunSettings.ofPlainLines
    guard arguments.first == "run", arguments.dropFirst().first == RunTopology.name,
      let line = PlainLine(
        arguments.dropFirst(2), flags: options.flags + ["--detach"],
        options: options.options + TopologySettings.ofPlainLines + DetachSettings.ofPlainLines),
      let file = line.words.first, line.words.count == 1,
      let options = RunSettings(line), let detached = DetachSettings(line)
    else { return nil }
    self.init(
      file: file, topology: TopologySettings(line), detached: detached, options: options)
  }
}

/// One run of a topology under the options that were given.
struct FileRun {
  private let topology: TopologyPlan
  private let options: RunSettings
  private let root: Node

  init(_ topology: TopologyPlan, _ options: RunSettings, in root: Node) {
    self.topology = topology
    self.options = options
    self.root = root
  }

  /// Runs it and returns the exit code.
  func perform() async throws -> Int32 {
    let session = ExampleRun(options, in: root)
    let tool = RunningTool.current.name
    return try await session.perform(orEarlyEnd: {
      var aside: [PutAside] = []
      let outcome = try await root.run(
        topology, as: "\(tool) \(PtreeCommand.version)", hasOutput: RunningTool.hasOutput,
        onLoss: { reason in
          Standard.error.tell("\(tool): output is no longer kept for '\(tool) logs': \(reason)")
        }, onUp: { DetachedRun.tell(.up(run: $0)) },
        onEnd: {
          aside = $0
          // Never silent: neither in a quiet run, nor in one that is stopped.
          for account in aside { root.tell("\(tool): \(account.line)") }
        })
      let account = outcome.account ?? aside.map(\.line).joined(separator: "; ")
      DetachedRun.tell(.ended(outcome.exitCode, account))
      if options.json {
        try await root.offload { [aside] in try report(outcome, aside) }
      } else if let account = outcome.account {
        // The nodes' own messages about it come first.
        root.tell("\(tool): \(topology.name) failed: \(account)")
      }
      return outcome.exitCode
    })
  }

  private func report(_ outcome: TopologyRun.Outcome, _ aside: [PutAside]) throws {
    let document = JSONValue.object([
      ("name", .text(topology.name)), ("exitCode", .integer(Int(outcome.exitCode))),
      ("verdict", .text(outcome.account ?? "succeeded")),
      (
        "putAside",
        .list(
          aside.map { account in
            .object([
              ("node", .text(account.node)), ("records", .integer(account.count)),
              ("file", .text(account.file)),
            ])
          })
      ),
    ])
    try Standard.output.write(document.line)
  }
}
