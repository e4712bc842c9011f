internal import ArgumentParser
internal import Glibc
internal import ProcessTreeTopologyFormat

/// Commands that start no process, and checks before anything is started.
enum EarlyCommands {
  /// Does what needs no tree, and exits; returns for the commands that are the root of one.
  ///
  /// To be called before anything else.
  static func perform() {
    // A child that was started by `spawn` has the arguments of the root.
    guard getenv("PROCESS_TREE_BOOTSTRAP") == nil else { return }
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard let first = arguments.first else { return }
    if !isRoot(first) { exit(perform(arguments)) }
    if first == "run" { checkFile(arguments) }
  }

  /// The topology that the root is to run, once its file has been checked.
  nonisolated(unsafe) private(set) static var checkedTopology:
    (topology: TopologyPlan, options: RunSettings)?

  /// Whether the root is to rehearse the life of a child: of fewer starts that would be most of the
  /// work.
  static var rehearsesStarts: Bool {
    guard let starts = checkedTopology?.topology.group.starts else { return true }
    return starts > mostWithoutRehearsal
  }

  /// How many starts a rehearsal saves less than it costs.
  private static let mostWithoutRehearsal = 2

  /// Checks the file of `ptree run FILE`; exits if it is not right.
  private static func checkFile(_ arguments: [String]) {
    guard let ordered = try? ArgumentOrder.nameFirst(arguments),
      ordered.dropFirst().first == RunTopology.name
    else { return }
    do {
      guard
        let command = try FileRequest(plain: ordered)
          ?? (PtreeCommand.parsed(ordered) as? RunTopology)?.request
      else { return }
      let files = FileSet()
      try AppHandover.follow(command.file, in: files, isTrusted: command.options.hosts.trust)
      guard command.options.hosts.isEmpty else {
        throw UsageError("a topology file has its hosts itself: 'hosts:', and 'on:' of its nodes.")
      }
      let checked = try command.check(in: files)
      CheckReport.tell(checked)
      guard let topology = checked.topology else { exit(ExitStatusCode.usage) }
      checkedTopology = (topology, command.options)
      if command.detached.detach {
        try DetachedRun.begin(topology, command.detached, isJSON: command.options.json)
      }
    } catch {
      exit(ToolRoot.report(error))
    }
  }

  /// Whether a first word is a command that is the root of a tree.
  private static func isRoot(_ word: String) -> Bool { ["run", "chaos", "hosts"].contains(word) }

  private static func perform(_ arguments: [String]) -> Int32 {
    do {
      // The parser would make the whole tree of commands for this word.
      if arguments == ["--version"] {
        try Standard.output.write("\(PtreeCommand.version)\n")
        return ExitStatusCode.success
      }
      var command = try PtreeCommand.parsed(arguments)
      try command.run()
      return ExitStatusCode.success
    } catch {
      return ToolRoot.report(error)
    }
  }
}
