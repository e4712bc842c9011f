internal import ArgumentParser
internal import ProcessTree
internal import ProcessTreeTopologyFormat

/// What becomes of nodes on which one operation is carried out, one after the other.
struct NodeChange {
  let operation: NodeOperation
  /// The outcomes that are what was wanted.
  let wanted: Set<OperationResult.Outcome>

  init(
    _ verb: NodeOperation.Verb, number: Int = 0, within time: Duration, reason: String,
    wanted: Set<OperationResult.Outcome>
  ) {
    operation = NodeOperation(verb, number: number, within: time, reason: reason)
    self.wanted = wanted
  }

  /// Carries it out on the addresses, and prints a line for each; returns whether all is as wanted.
  func carryOut(
    on addresses: [String], _ line: inout RunLine, _ live: LiveOptions
  ) throws -> Bool {
    var isAsWanted = true
    for address in addresses {
      let start = ContinuousClock.now
      // The owner waits for its time, and says so then.
      let result = try line.request(
        .operate(address, operation), within: operation.time + .seconds(5)
      ).result
      guard let result else { continue }
      isAsWanted = isAsWanted && wanted.contains(result.outcome)
      try tell(result, of: address, after: start.duration(to: .now), live)
    }
    return isAsWanted
  }

  private func tell(
    _ result: OperationResult, of address: String, after time: Duration, _ live: LiveOptions
  ) throws {
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
    try Standard.output.write("\(address.dropFirst()) \(result.outcome.words)\(account)\n")
  }
}

extension OperationResult.Outcome {
  fileprivate var words: String { self == .alreadyEnded ? "had ended already" : rawValue }
}

/// Options of commands that wait for what they have begun.
struct WaitOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How long to wait until it is done; the exit code is 124 then.", valueName: "seconds"))
  var timeout = Seconds(duration: .seconds(30))
}

extension LiveCommand {
  /// Carries an operation out on the nodes that words stand for, and ends with its exit code.
  func change(_ words: [String], _ change: NodeChange) throws {
    let (run, rest) = try RunChoice().choose(words)
    guard !rest.isEmpty else { throw UsageError("a node is missing.") }
    var line = try RunLine(run)
    let choice = NodeChoice(nodes: try line.request(.tree).nodes)
    let addresses = try rest.flatMap { try choice.nodes(named: $0).map { "\($0.address)" } }
    guard try change.carryOut(on: addresses, &line, live) else {
      throw ExitCode(ExitStatusCode.failure)
    }
  }
}
