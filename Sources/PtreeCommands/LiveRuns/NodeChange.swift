internal import ArgumentParser
internal import ProcessTree
internal import ProcessTreeTopologyFormat

/// One operation for several nodes, which are changed at the same time and have one deadline.
struct NodeChange {
  private let verb: NodeOperation.Verb
  private let reason: String
  /// The outcomes that are what was wanted.
  private let wanted: Set<OperationResult.Outcome>
  private let deadline: ContinuousClock.Instant

  /// A node, and the number that the operation has for it.
  struct Target {
    let address: String
    var number = 0
  }

  init(
    _ verb: NodeOperation.Verb, within time: Duration, reason: String,
    wanted: Set<OperationResult.Outcome>
  ) {
    self.verb = verb
    self.reason = reason
    self.wanted = wanted
    deadline = .now + time
  }

  /// Carries it out, and prints a line for each node as it is done.
  ///
  /// - Throws: After all answers, the first node's refusal; or the exit code if a node is not as it
  ///   was wanted.
  func carryOut(
    on targets: [Target], _ line: inout RunLine, _ live: LiveOptions
  ) throws {
    let start = ContinuousClock.now
    var isAsWanted = true
    var refusal: RunRefusal?
    try line.operate(
      targets.count, until: deadline,
      { place in
        let left = max(.zero, ContinuousClock.now.duration(to: deadline))
        return .operate(
          targets[place].address,
          NodeOperation(verb, number: targets[place].number, within: left, reason: reason))
      },
      { place, answer in
        switch answer {
        case .failure(let failure): refusal = refusal ?? failure
        case .success(let result):
          isAsWanted = isAsWanted && wanted.contains(result.outcome)
          try tell(result, of: targets[place], after: start.duration(to: .now), live)
        }
      })
    if let refusal { throw refusal }
    guard isAsWanted else { throw ExitCode(ExitStatusCode.failure) }
  }

  private func tell(
    _ result: OperationResult, of target: Target, after time: Duration, _ live: LiveOptions
  ) throws {
    let address = target.address
    if live.json {
      let document = JSONValue.object([
        ("node", .text(address)), ("outcome", .text(result.outcome.rawValue)),
        ("exitCode", result.exitCode.map { .integer($0) } ?? .null),
        ("account", result.account.map { .text($0) } ?? .null),
        ("seconds", .number(time / .seconds(1))),
      ])
      return try Standard.output.write(document.line)
    }
    guard !live.quiet else { return }
    let account = result.account.map { ": " + TextColumns.harmless($0, longest: 400) } ?? ""
    let isEmpty = verb == .scale && target.number == 0 && result.outcome == .stopped
    let words = isEmpty ? "has no instances" : result.outcome.words
    try Standard.output.write("\(address.dropFirst()) \(words)\(account)\n")
  }

  /// Whether those that depend on others go first.
  fileprivate var goesBackwards: Bool { verb == .stop || verb == .kill }
}

extension OperationResult.Outcome {
  fileprivate var words: String { self == .alreadyEnded ? "had ended already" : rawValue }
}

/// Options of commands that wait for what they have begun.
struct WaitOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How long to wait until all of it is done, 30 without it; the exit code is 124 then.",
      valueName: "seconds"))
  var timeout: Seconds?

  var time: Duration { timeout?.duration ?? Self.usual }

  static let usual = Duration.seconds(30)
}

extension LiveCommand {
  /// Carries an operation out on the nodes that words stand for.
  ///
  /// - Parameter chosen: The run if it has been chosen already; then the words are those of the
  ///   nodes.
  func change(
    _ words: [String], of chosen: LiveRun? = nil, number: Int = 0, _ change: NodeChange
  ) throws {
    let (run, rest) = try chosen.map { ($0, words) } ?? RunChoice().choose(words)
    guard !rest.isEmpty else { throw UsageError("a node is missing.") }
    var line = try RunLine(run)
    let choice = NodeChoice(
      nodes: try line.request(.tree).nodes, isOfOnlyRun: rest.count == self.words.count)
    let addresses = try rest.flatMap { word in
      let found = try choice.nodes(named: word).map { "\($0.address)" }
      return change.goesBackwards ? found.reversed() : found
    }
    try change.carryOut(
      on: addresses.map { NodeChange.Target(address: $0, number: number) }, &line, live)
  }
}
