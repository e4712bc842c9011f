internal import ArgumentParser
internal import ProcessTree
internal import ProcessTreeTopologies
internal import ProcessTreeTopologyFormat

/// `ptree hosts`: the uses of hosts beside running nodes on them.
struct HostsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hosts", abstract: "Checks the hosts that nodes are to run on.",
    subcommands: [HostsCheck.self])

  func run() throws {
    throw UsageError(
      "say what to do: '\(RunningTool.current.name) hosts check FILE', or 'hosts check --host DESTINATION'."
    )
  }
}

/// `ptree hosts check`: opens hosts, runs a node on each, and reports what it found.
struct HostsCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Runs a node on each host, and says what it found there.",
    discussion: """
      Exit codes: 0 if a node has run on each; 1 if not, with the cause of each host; 2 if a file is not right.
      """)

  @Argument(help: "Files with hosts, one a line.", completion: .file())
  var files: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Check this host: what 'ptree run --host' takes.", valueName: "destination[:slots]"))
  var host: [String] = []

  @Option(help: "The path of this program on the hosts, if it is another than here, or 'copied'.")
  var program: String?

  @Option(help: "How many seconds a host may take to be up.")
  var within: Double?

  @Flag(help: "As root, use files to which somebody else may write.")
  var trust = false

  @Flag(help: "Print one JSON object a line.")
  var json = false

  func validate() throws {
    guard !files.isEmpty || !host.isEmpty else {
      throw ValidationError("There is no host to check: name a file, or --host.")
    }
    if let fault = program.flatMap(HostPlan.fault) {
      throw ValidationError("--program: \(fault)")
    }
    guard within ?? 1 > 0, within ?? 1 <= 3_600 else {
      throw ValidationError("A host has more than 0 and at most 3600 seconds to be up.")
    }
  }

  /// How many hosts are opened at once.
  private static let mostAtOnce = 16

  /// Checks all hosts; returns the exit code.
  func perform(in root: Node) async throws -> Int32 {
    let plans = try HostSettings.plans(of: host, in: files, isTrusted: trust).map { plan in
      var plan = plan
      if let program { plan.set(program: program) }
      plan.within = within.map { .seconds($0) } ?? plan.within
      return plan
    }
    // The result is all that matters.
    root.configure { $0.output = .prefixed }
    var isGood = true
    for start in stride(from: 0, to: plans.count, by: Self.mostAtOnce) {
      let reports = try await Self.check(
        plans[start..<min(start + Self.mostAtOnce, plans.count)], in: root)
      for report in reports {
        isGood = isGood && report.failure == nil
        try Standard.output.write(json ? report.jsonLine : report.description + "\n")
      }
    }
    return isGood ? ExitStatusCode.success : ExitStatusCode.failure
  }

  private static func check(
    _ plans: ArraySlice<HostPlan>, in root: Node
  ) async throws -> [HostReport] {
    try await withThrowingTaskGroup(of: (Int, [HostReport]).self) { group in
      for (number, plan) in plans.enumerated() {
        group.addTask { (number, await HostReport.ofEach(plan, in: root)) }
      }
      var reports: [(Int, [HostReport])] = []
      for try await report in group { reports.append(report) }
      try Task.checkCancellation()
      return reports.sorted { $0.0 < $1.0 }.flatMap(\.1)
    }
  }
}
