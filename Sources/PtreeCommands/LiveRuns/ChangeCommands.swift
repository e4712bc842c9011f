internal import ArgumentParser
internal import ProcessTree
internal import ProcessTreeTopologyFormat

extension LiveHelp {
  /// What codes mean of commands that return when nodes are up.
  fileprivate static let codesOfUp: KeyValuePairs<Int32, String> = [
    0: "up, or has succeeded", 1: "a node is not up, and will not be by itself",
    LiveExitCode.impossible: "no supervisor keeps the node",
    ExitStatusCode.timedOut: "the time was over first; what has begun goes on",
  ]
}

/// `ptree start`.
struct StartCommand: LiveCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "start",
      abstract: "Starts nodes of a live run that are not running, and waits until they are up.",
      discussion: LiveHelp(
        examples: [
          "start shop mail": "a node that was stopped",
          "start shop 'web*' --timeout 5": "all within 5 s",
        ], codes: LiveHelp.codesOfUp
      ).text())
  }

  @Argument(help: LiveHelp.words("the nodes."))
  var words: [String] = []

  @OptionGroup var waiting: WaitOptions
  @OptionGroup var live: LiveOptions

  func perform() throws {
    try change(
      words, NodeChange(.start, within: waiting.time, reason: "start", wanted: [.up, .succeeded]))
  }
}

/// `ptree restart`.
struct RestartCommand: LiveCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "restart",
      abstract: "Gives nodes of a live run a new life, and waits until it is up.",
      discussion: LiveHelp(
        examples: [
          "restart shop web-1": "one instance",
          "restart shop database --cascade": "with all that depend on it",
        ], codes: LiveHelp.codesOfUp
      ).text("It counts as no failure, and ends a backoff."))
  }

  @Argument(help: LiveHelp.words("the nodes."))
  var words: [String] = []

  @Flag(
    help: """
      Restart all that depend on the nodes too: these stop first, and start again when what they depend on \
      is as they need it. Those that somebody has stopped stay so.
      """)
  var cascade = false

  @Option(help: "Why, for the node and its report.")
  var reason = "restart"

  @OptionGroup var waiting: WaitOptions
  @OptionGroup var live: LiveOptions

  func perform() throws {
    try change(
      words,
      NodeChange(
        cascade ? .restartWithDependents : .restart, within: waiting.time, reason: reason,
        wanted: [.up, .succeeded]))
  }
}

/// `ptree scale`.
struct ScaleCommand: LiveCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "scale",
      abstract: "Changes how many instances nodes of a live run have, or a stage has workers.",
      discussion: LiveHelp(
        examples: [
          "scale shop web=4": "instances, until they are up",
          "scale shop sizes/measure=8": "workers of a pipeline's stage",
        ],
        codes: [
          1: "an instance is not up, and will not be by itself",
          ExitStatusCode.usage: "usage, a number out of range, or several runs are meant",
          LiveExitCode.impossible: "it has no number that could change, such as workers with state",
          ExitStatusCode.timedOut: "the time was over first; what has begun goes on",
        ]
      ).text())
  }

  @Argument(
    help: LiveHelp.words("the numbers.", "node=n"))
  var words: [String] = []

  @OptionGroup var waiting: WaitOptions
  @OptionGroup var live: LiveOptions

  func perform() throws {
    let (run, rest) = try RunChoice().choose(words)
    let targets = try rest.map(Self.target)
    guard !targets.isEmpty else { throw UsageError("NODE=N is missing.") }
    var line = try RunLine(run)
    let change = NodeChange(
      .scale, within: waiting.time, reason: "scale to " + rest.joined(separator: " "),
      wanted: [.up, .succeeded, .stopped])
    try change.carryOut(on: targets, &line, live)
  }

  /// The most instances; a number with a digit too many is a mistake.
  private static let most = 1_000

  private static func target(_ word: String) throws -> NodeChange.Target {
    let parts = word.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, let count = Int(parts[1]),
      (0...most).contains(count)
    else {
      throw UsageError("'\(word)' is no NODE=N, with a number from 0 to \(most).")
    }
    return NodeChange.Target(address: NodeChoice.address(String(parts[0])), number: count)
  }
}

/// `ptree wait`.
struct WaitCommand: LiveCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "wait", abstract: "Waits until nodes of a live run are up, or have ended.",
      discussion: LiveHelp(
        examples: [
          "wait shop --for up": "all of the first level",
          "wait shop migrate --for ended --timeout 300": "one node",
          "wait shop --for ended": "the end of the run",
        ],
        codes: [
          0: "it is so", 1: "a node has failed", LiveExitCode.impossible: "",
          ExitStatusCode.timedOut: "the time was over first",
        ]
      ).text())
  }

  /// The state for which the command waits.
  enum State: String, ExpressibleByArgument, CaseIterable {
    case up, ended
  }

  @Argument(
    help: LiveHelp.words("the nodes; without any all of the first level, or the end of the run."))
  var words: [String] = []

  @Option(name: [.customLong("for"), .customLong("until")], help: "up or ended.")
  var state: State

  @OptionGroup var waiting: WaitOptions
  @OptionGroup var live: LiveOptions

  func perform() throws {
    let (run, rest) = try RunChoice().choose(words)
    if rest.isEmpty, state == .ended {
      return try RunEnd(run).wait(until: .now + waiting.time, live)
    }
    let change = NodeChange(
      state == .up ? .waitForUp : .waitForEnd, within: waiting.time, reason: "wait",
      wanted: [.up, .succeeded, .stopped])
    guard rest.isEmpty else { return try self.change(rest, of: run, change) }
    // All of the first level: each of them reports those below it. Those that somebody has had
    // stopped, or that start by request only, are on their way to nothing.
    var line = try RunLine(run)
    let nodes = try line.request(.tree).nodes.filter {
      $0.address.parent == .root && $0.phase != .stopped
    }
    try change.carryOut(
      on: nodes.map { NodeChange.Target(address: "\($0.address)") }, &line, live)
  }
}
