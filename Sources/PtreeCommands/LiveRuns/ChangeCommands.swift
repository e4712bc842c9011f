internal import ArgumentParser
internal import ProcessTree
internal import ProcessTreeTopologyFormat

/// `ptree start`.
struct StartCommand: LiveCommand {
  static let configuration = CommandConfiguration(
    commandName: "start", abstract: "Starts nodes of a live run that are not running.")

  @OptionGroup var waiting: WaitOptions
  @OptionGroup var live: LiveOptions

  func perform() throws {
    try change(
      live.words,
      NodeChange(
        .start, within: waiting.timeout.duration, reason: "start", wanted: [.up, .succeeded]))
  }
}

/// `ptree restart`.
struct RestartCommand: LiveCommand {
  static let configuration = CommandConfiguration(
    commandName: "restart",
    abstract: "Gives nodes of a live run a new life, and waits until it is up.")

  @Option(help: "Why, for the node and its report.")
  var reason = "restart"

  @OptionGroup var waiting: WaitOptions
  @OptionGroup var live: LiveOptions

  func perform() throws {
    try change(
      live.words,
      NodeChange(
        .restart, within: waiting.timeout.duration, reason: reason, wanted: [.up, .succeeded]))
  }
}

/// `ptree scale`.
struct ScaleCommand: LiveCommand {
  static let configuration = CommandConfiguration(
    commandName: "scale", abstract: "Changes how many instances nodes of a live run have.")

  @OptionGroup var waiting: WaitOptions
  @OptionGroup var live: LiveOptions

  func perform() throws {
    let (run, rest) = try RunChoice().choose(live.words)
    let changes = try rest.map(Self.change)
    guard !changes.isEmpty else { throw UsageError("NODE=N is missing.") }
    var line = try RunLine(run)
    var isAsWanted = true
    for (address, count) in changes {
      let change = NodeChange(
        .scale, number: count, within: waiting.timeout.duration, reason: "scale to \(count)",
        wanted: [.up, .succeeded])
      isAsWanted = try change.carryOut(on: [address], &line, live) && isAsWanted
    }
    if !isAsWanted { throw ExitCode(ExitStatusCode.failure) }
  }

  /// The most instances; a number with a digit too many is a mistake.
  private static let most = 1_000

  private static func change(_ word: String) throws -> (address: String, count: Int) {
    let parts = word.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, let count = Int(parts[1]), (0...most).contains(count) else {
      throw UsageError("'\(word)' is no NODE=N, with a number from 0 to \(most).")
    }
    return (NodeChoice.address(String(parts[0])), count)
  }
}

/// `ptree wait`.
struct WaitCommand: LiveCommand {
  static let configuration = CommandConfiguration(
    commandName: "wait", abstract: "Waits until nodes of a live run are up, or have ended.")

  /// The state for which the command waits.
  enum State: String, ExpressibleByArgument, CaseIterable {
    case up, ended
  }

  @Option(name: [.customLong("for"), .customLong("until")], help: "up or ended.")
  var state: State

  @OptionGroup var waiting: WaitOptions
  @OptionGroup var live: LiveOptions

  func perform() throws {
    let (run, rest) = try RunChoice().choose(live.words)
    let time = waiting.timeout.duration
    if rest.isEmpty, state == .ended { return try RunEnd(run).wait(within: time, live) }
    let change = NodeChange(
      state == .up ? .waitForUp : .waitForEnd, within: time, reason: "wait",
      wanted: [.up, .succeeded, .stopped])
    guard rest.isEmpty else { return try self.change([run.name] + rest, change) }
    // All of the first level: each of them tells of those below it. Those that somebody has had
    // stopped, or that start by request only, are on their way to nothing.
    var line = try RunLine(run)
    let nodes = try line.request(.tree).nodes.filter {
      $0.address.parent == .root && $0.phase != .stopped
    }
    guard try change.carryOut(on: nodes.map { "\($0.address)" }, &line, live) else {
      throw ExitCode(ExitStatusCode.failure)
    }
  }
}

/// `ptree signal`.
struct SignalCommand: LiveCommand {
  static let configuration = CommandConfiguration(
    commandName: "signal",
    abstract: "Delivers a signal to nodes of a live run; what comes of it is their own end.")

  @Argument(help: "The signal, by name or number: HUP, SIGUSR1, 10.")
  var signal: String

  @OptionGroup var live: LiveOptions

  func perform() throws {
    guard let number = SignalNumber(signal)?.value else {
      throw UsageError("there is no signal '\(signal)'.")
    }
    try change(
      live.words,
      NodeChange(
        .signal, number: Int(number), within: RunLine.patience, reason: "signal",
        wanted: [.delivered]))
  }
}
