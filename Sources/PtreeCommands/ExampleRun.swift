internal import Glibc
internal import ProcessTree
internal import ProcessTreeExamples
internal import ProcessTreeTopologies
internal import ProcessTreeTopologyFormat
internal import Synchronization

/// One run of an example under the options that were given.
struct ExampleRun {
  private let options: RunSettings
  private let root: Node
  private let earlyEnd = EarlyEnd()

  init(_ options: RunSettings, in root: Node) {
    self.options = options
    self.root = root
  }

  /// Runs the example and returns the exit code.
  func perform(_ example: some Example) async throws -> Int32 {
    try await running({ report in try await report(try await example.run(in: root)) })
  }

  /// Runs the example with nodes on hosts, and returns the exit code.
  func perform(_ example: some HostedExample, on plans: [HostPlan]) async throws -> Int32 {
    try await running({ report in
      try await root.withHosts(plans, minimum: options.hosts.minimumHosts) { hosts in
        if options.limit == nil { root.configure { $0.defaultLimit = hosts.slots } }
        // Children that go on are joined as long as their hosts are open.
        return try await report(try await example.run(in: root, on: hosts))
      }
    })
  }

  /// - Parameter body: Runs an example, hands its report over, and returns whether all is well.
  private func running(
    _ body: ((any ExampleReport) async throws -> Bool) async throws -> Bool
  ) async throws -> Int32 {
    let progress = try await prepare()
    do {
      let isSuccess = try await body { report in
        await end(progress)
        try await print(report)
        return try await joinChildren() && report.isSuccess
      }
      return isSuccess ? ExitStatusCode.success : ExitStatusCode.failure
    } catch {
      await end(progress)
      // The tree is being stopped: ends that come of that are no failures of the example.
      if let code = earlyEnd.code { return code }
      throw error
    }
  }

  /// Waits for children that still run; whether all have succeeded.
  private func joinChildren() async throws -> Bool {
    var isSuccess = true
    for child in root.children where !child.isDaemon {
      try await child.join()
      isSuccess = isSuccess && child.exitReport?.cause.isSuccess ?? false
    }
    return isSuccess
  }

  /// Runs `body` with the tree set up, and returns its exit code, or that of an end that came
  /// before.
  func perform(orEarlyEnd body: () async throws -> Int32) async throws -> Int32 {
    let progress = try await prepare()
    do {
      let code = try await body()
      await end(progress)
      return earlyEnd.code ?? code
    } catch {
      await end(progress)
      if let code = earlyEnd.code { return code }
      throw error
    }
  }

  /// Sets the tree up as the options ask; returns the progress that is shown.
  @discardableResult
  func prepare() async throws -> ProgressDisplay? {
    if options.json || options.events == "-" { try Standard.reserveOutput() }
    configure()
    let progress = try await startEvents()
    if let timeout = options.timeout { try end(after: timeout.duration) }
    return progress
  }

  private func configure() {
    let processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    root.configure { configuration in
      configuration.output = .prefixed
      configuration.defaultLimit = options.limit ?? processors
      configuration.startMethod = options.startMethod.method
      configuration.controlGroup = options.cgroup.mode
      if let directory = options.postMortem { configuration.postMortemDirectory = directory }
    }
  }

  /// Subscribes before the example begins, so that no event is missed; the progress that is shown.
  private func startEvents() async throws -> ProgressDisplay? {
    var sinks: [any EventSink] = []
    let progress = options.quiet ? nil : try ProgressDisplay(Terminal.ofStandardError, in: root)
    if let name = options.events {
      let file = try await root.offload { [root, earlyEnd] in
        try EventFile(name) { eventsLost($0, progress, earlyEnd, in: root) }
      }
      file.watchReader(in: root)
      sinks.append(file)
    }
    if let progress {
      // The lines of progress that stand below an event know of it.
      sinks += [progress, EventLines(hasColour: Standard.hasColour, progress: progress)]
      try StopNotice.start(for: root, earlyEnd, progress)
    }
    if !sinks.isEmpty { try EventWriter.start(try await root.events, sinks, in: root) }
    return progress
  }

  /// Removes the lines of progress, so that the result does not run into them.
  private func end(_ progress: ProgressDisplay?) async {
    guard let progress else { return }
    _ = try? await root.offload { progress.finish() }
  }

  /// Prints the result; a reader that does not read must not stop the tree's event loop.
  private func print(_ report: some ExampleReport) async throws {
    let text = options.json ? try json(of: report) : lines(of: report)
    try await root.offload { try Standard.output.write(text) }
  }

  private func json(of report: some ExampleReport) throws -> String {
    switch report.document {
    case .value(let value): try jsonDocument(value)
    case .json(let json): json + "\n"
    }
  }

  private func lines(of report: some ExampleReport) -> String {
    let text = report.text
    return text.isEmpty ? "" : text + "\n"
  }

  /// Ends the run when its time is over.
  private func end(after time: Duration) throws {
    // The message must not stop the loop when nobody reads it.
    Task(executorPreference: try root.makeThread()) { [root, earlyEnd] in
      try await root.sleep(for: time)
      earlyEnd.note(ExitStatusCode.timedOut)
      Standard.complain("timed out after \(time)")
      // Stops all nodes first.
      root.exit(ExitStatusCode.timedOut)
    }
  }
}

/// Reports that no further events can be written; a reader that has gone has seen enough.
private func eventsLost(
  _ error: StreamError, _ progress: ProgressDisplay?, _ end: EarlyEnd, in root: Node
) {
  EventWriter.hasLostEvents.store(true, ordering: .sequentiallyConsistent)
  guard error.isClosedPipe else {
    return Standard.complain("no more events: \(error)")
  }
  // As if the signal had ended the process, without a word; stops all nodes first.
  end.note(128 + SIGPIPE)
  Task.detached {
    progress?.silence()
    root.exit(128 + SIGPIPE)
  }
}

/// The exit code of a run that ends before its example is through.
final class EarlyEnd: Sendable {
  private let noted = Atomic<Int32>(-1)

  /// The code; nil as long as the run goes on.
  var code: Int32? {
    let code = noted.load(ordering: .sequentiallyConsistent)
    return code < 0 ? nil : code
  }

  /// Notes the code; the first one stays.
  func note(_ code: Int32) {
    _ = noted.compareExchange(expected: -1, desired: code, ordering: .sequentiallyConsistent)
  }
}
