internal import ArgumentParser
internal import ProcessTree
internal import ProcessTreeTopologyFormat

/// `ptree why`: what nodes wait for, and who could change it.
struct WhyCommand: LiveCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "why",
      abstract: "Says what a node waits for, since when, and who could change it.",
      discussion: LiveHelp(
        examples: [
          "why shop web-1": "one node", "why shop": "the root",
          "why shop worker --stacks": "where its threads are as well",
        ],
        codes: [
          LiveExitCode.impossible: "",
          LiveExitCode.noAnswer:
            "the root does not answer; what the kernel knows has been printed",
        ]
      ).text())
  }

  @Argument(help: LiveHelp.words("the nodes."))
  var words: [String] = []

  @Flag(help: "Show the stacks of its threads too.")
  var stacks = false

  @OptionGroup var live: LiveOptions

  func perform() throws {
    let (run, rest) = try RunChoice().choose(words)
    do {
      try explain(rest, of: run)
    } catch let refusal as RunRefusal where refusal.code == LiveExitCode.noAnswer {
      // Why nobody answers is an answer too.
      let account = KernelAccount(of: run, rest)
      if !live.json { for line in account.lines { try Standard.output.write(line + "\n") } }
      throw refusal
    }
  }

  private func explain(_ rest: [String], of run: LiveRun) throws {
    var line = try RunLine(run)
    let choice = NodeChoice(
      nodes: try line.request(.tree).nodes, isOfOnlyRun: rest.count == words.count)
    var found: [NodeExplanation] = []
    for node in try (rest.isEmpty ? ["/"] : rest).flatMap({ try choice.nodes(named: $0) }) {
      // Those of the tree have no stacks.
      guard stacks else {
        found.append(node)
        continue
      }
      found += try line.request(.explain("\(node.address)", stacks: true)).nodes
    }
    try show(
      .object([("run", .text(run.name)), ("nodes", .list(found.map(Self.json)))]),
      found.map { "\($0)" }.joined(separator: "\n"))
  }

  private static func json(_ node: NodeExplanation) -> JSONValue {
    .object([
      ("node", .text("\(node.address)")), ("state", .text(node.phase.rawValue)),
      ("pid", node.pid.map { .integer(Int($0)) } ?? .null),
      ("host", node.host.map { .text($0) } ?? .null),
      ("incarnation", .integer(node.incarnation)), ("restarts", .integer(node.restarts)),
      ("silentFor", node.silence.map { .number($0 / .seconds(1)) } ?? .null),
      ("waitsFor", .list(node.waits.map(WaitJSON.json))),
      ("lastEnd", node.lastEnd.map { .text($0) } ?? .null),
      ("threads", .list(node.threads.map { .text("\($0)") })),
    ])
  }
}
