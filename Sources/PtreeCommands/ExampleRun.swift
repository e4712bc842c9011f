internal import Glibc
internal import ProcessTree
internal import ProcessTreeExamples
internal import Synchronization

/// One run of an example under the options that were given.
struct ExampleRun {
  private let options: RunOptions
  private let root: Node

  init(_ options: RunOptions, in root: Node) {
    self.options = options
    self.root = root
  }

  /// Runs the example and returns the exit code.
  func perform<Lesson: Example>(_ example: Lesson) async throws -> Int32 {
    if options.json || options.events == "-" { try Standard.reserveOutput() }
    configure()
    let progress = try await startEvents()
    let timeout = try options.timeout.map { try Timeout(after: $0.duration, root) }
    var isSuccess: Bool
    do {
      let report = try await example.run(in: root)
      await end(progress)
      try await print(report)
      isSuccess = report.isSuccess
      for child in root.children where !child.isDaemon {
        try await child.join()
        isSuccess = isSuccess && child.exitReport?.cause.isSuccess ?? false
      }
    } catch {
      await end(progress)
      // The tree is being stopped: what comes of that is no failure of the example.
      if let timeout, timeout.hasPassed { return ExitStatusCode.timedOut }
      throw error
    }
    return isSuccess ? ExitStatusCode.success : ExitStatusCode.failure
  }

  private func configure() {
    let processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    root.configure { configuration in
      configuration.output = .prefixed
      configuration.defaultLimit = options.limit ?? processors
      configuration.startMethod = options.startMethod.method
    }
  }

  /// Subscribes before the example begins, so that no event is missed; the progress that is shown.
  private func startEvents() async throws -> ProgressDisplay? {
    var sinks: [any EventSink] = []
    var progress: ProgressDisplay?
    if let name = options.events {
      sinks.append(
        try await root.offload { [root] in try EventFile(name) { eventsLost($0, in: root) } })
    }
    if !options.quiet {
      let shown = try ProgressDisplay(Terminal.ofStandardError, in: root)
      sinks += [EventLines(hasColour: Standard.hasColour, progress: shown), shown]
      progress = shown
    }
    if !sinks.isEmpty { try EventWriter.start(try await root.events, sinks, in: root) }
    return progress
  }

  /// Removes the lines of progress, so that what is printed does not run into them.
  private func end(_ progress: ProgressDisplay?) async {
    guard let progress else { return }
    _ = try? await root.offload { progress.finish() }
  }

  /// Prints the result; a reader that does not read must not stop the tree's event loop.
  private func print(_ report: some ExampleReport) async throws {
    let lines = report.text.isEmpty ? "" : report.text + "\n"
    let text = options.json ? try jsonDocument(report) : lines
    try await root.offload { try Standard.output.write(text) }
  }
}

/// No further events can be written: says so; a reader that has gone has seen enough.
private func eventsLost(_ error: StreamError, in root: Node) {
  EventWriter.hasLostEvents.store(true, ordering: .sequentiallyConsistent)
  guard error.isClosedPipe else {
    return Standard.error.tell("ptree: no more events: \(error)")
  }
  // As if the signal had ended the process; stops all nodes first.
  Task.detached { root.exit(128 + SIGPIPE) }
}

/// Ends the run when its time is over.
private final class Timeout: Sendable {
  private let passed = Atomic<Bool>(false)

  init(after time: Duration, _ root: Node) throws {
    // The message must not stop the loop when nobody reads it.
    Task(executorPreference: try root.makeThread()) { [self] in
      try await root.sleep(for: time)
      passed.store(true, ordering: .sequentiallyConsistent)
      Standard.error.tell("ptree: timed out after \(time)")
      // Stops all nodes first.
      root.exit(ExitStatusCode.timedOut)
    }
  }

  var hasPassed: Bool { passed.load(ordering: .sequentiallyConsistent) }
}
