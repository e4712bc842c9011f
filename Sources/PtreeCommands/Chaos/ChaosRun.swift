internal import Glibc
internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeExamples

/// Rounds of an example under faults, with a look after each.
struct ChaosRun: Sendable {
  /// How long a round may take once no more faults come, beside ten times what it takes without
  /// any.
  private static let patience: Duration = .seconds(20)

  private let root: Node
  private let isQuiet: Bool
  private let json: Bool
  private let rates: FaultRates
  private let seed: UInt64
  private let duration: Duration
  private let interruption = Interruption()

  init(_ chaos: ChaosOptions, _ options: RunOptions, in root: Node) {
    self.root = root
    isQuiet = options.quiet
    json = options.json
    rates = chaos.rates
    seed = chaos.seed ?? .random(in: 0...UInt64(UInt32.max))
    duration = chaos.duration.duration
  }

  /// Runs the example until the time is over or an invariant does not hold; returns the exit code.
  ///
  /// A stop of the root ends the round, and what is left of it is looked at all the same.
  func perform<Lesson: Example>(_ example: Lesson) async throws -> Int32 {
    // Not a child task: its look at the remains is not to be cancelled.
    let work = Task(executorPreference: root.loopExecutor) { try await rounds(of: example) }
    let report = try await withTaskCancellationHandler {
      try await work.value
    } onCancel: {
      interruption.raise()
    }
    if let violation = report.violation {
      Standard.complain(
        "seed \(seed), \(violation.step): not true that \(violation.invariant.rawValue): "
          + violation.detail)
    } else if interruption.isRaised {
      // The library ends the process in the way that belongs to the signal.
      try await print(report)
      throw CancellationError()
    }
    try await print(report)
    return report.violation == nil ? ExitStatusCode.success : ExitStatusCode.failure
  }

  private func print(_ report: ChaosReport) async throws {
    let text = json ? try jsonDocument(report) : report.text
    // The root may be ending, which cancels what it waits for.
    try await Task { try Standard.output.write(text) }.value
  }

  private func rounds<Lesson: Example>(of example: Lesson) async throws -> ChaosReport {
    var report = ChaosReport(example: Lesson.name, seed: seed)
    let others = RemainsAudit.processes()
    let watch = Lock(EndWatch())
    let events = try await root.events
    let watching = Task(executorPreference: root.loopExecutor) {
      for await event in events { watch.withLock { $0.note(event) } }
    }
    defer { watching.cancel() }
    let striker = Striker(
      FaultSequence(seed: seed, rates: rates), at: root, telling: watch)
    let thread = try root.makeThread()
    do {
      let calmStart = ContinuousClock.now
      let calm = try await round(of: example)
      report.calmDuration = .now - calmStart
      guard !interruption.isRaised else { return report }
      let expected: Int?
      switch calm {
      case .success(let end): expected = try total(of: end)
      case .failure(let error): throw error
      }
      // The first round opens what the root keeps.
      try? await root.sleep(for: .milliseconds(50))
      let audit = RemainsAudit(root, others: others)
      watch.withLock { $0.isUnderFaults = true }
      if !isQuiet {
        Standard.complain(
          "seed \(seed); a round without faults took \(ChaosReport.seconds(report.calmDuration)) s"
        )
      }
      let start = ContinuousClock.now
      let end = start + duration
      while .now < end, !interruption.isRaised {
        report.rounds += 1
        defer {
          report.faults = striker.record
          report.duration = .now - start
          report.ends = watch.withLock(\.ends)
        }
        let kills = striker.record.kill
        let striking = Task(executorPreference: thread) { try await striker.strike(until: end) }
        let result = try await round(
          of: example, within: end - .now + report.calmDuration * 10 + Self.patience)
        striking.cancel()
        try await striking.value
        report.slowestStop = max(report.slowestStop, try await stopChildren())
        if let violation = await audit.violation() { throw violation }
        if let violation = watch.withLock(\.unexplained) { throw violation }
        let hasDied = striker.record.kill > kills
        switch result {
        case .success(let end) where !end.isSuccess && hasDied && Lesson.deaths == .subject:
          report.failed += 1
        case .success(let end):
          let found = try total(of: end)
          guard found == expected else {
            throw Violation(.nothingLostOrDoubled, "\(found ?? 0) is not \(expected ?? 0)")
          }
          report.exact += 1
        case .failure(let violation as Violation): throw violation
        case .failure where interruption.isRaised: report.rounds -= 1
        case .failure(let error):
          guard hasDied, Lesson.deaths != .madeGood else {
            throw Violation(.survives, "\(error)")
          }
          report.failed += 1
        }
      }
    } catch var violation as Violation {
      violation.round = report.rounds
      violation.faults = striker.record.count
      violation.lastFault = striker.record.last
      report.violation = violation
    }
    return report
  }

  /// What an example ended with.
  private struct RoundEnd: Sendable {
    var isSuccess: Bool
    var total: Int?
    var text: String
  }

  private func total(of end: RoundEnd) throws -> Int? {
    guard end.isSuccess else {
      throw Violation(.nothingLostOrDoubled, String(end.text.suffix(200)))
    }
    return end.total
  }

  /// Runs the example to its end; cancels it when the time is over or the root is stopped.
  private func round<Lesson: Example>(
    of example: Lesson, within limit: Duration? = nil
  ) async throws -> Result<RoundEnd, any Error> {
    let work = Task(executorPreference: root.loopExecutor) { [root] in
      let report = try await example.run(in: root)
      for child in root.children where !child.isDaemon { try await child.join() }
      return RoundEnd(isSuccess: report.isSuccess, total: report.total, text: report.text)
    }
    interruption.onRaise { work.cancel() }
    let isLate = Lock(false)
    let timer = limit.map { limit in
      Task(executorPreference: root.loopExecutor) { [root] in
        try await root.sleep(for: limit)
        isLate.withLock { $0 = true }
        work.cancel()
      }
    }
    let result = await work.result
    timer?.cancel()
    guard isLate.withLock(\.self) else { return result }
    return .failure(Violation(.ends, "it had not ended \(limit ?? .zero) after its start"))
  }

  /// Stops the children that a failed round has left; returns how long that took.
  private func stopChildren() async throws -> Duration {
    let start = ContinuousClock.now
    await withTaskGroup { group in
      for child in root.children {
        group.addTask { _ = try? await child.stop(reason: "the round is over") }
      }
    }
    let time = ContinuousClock.now - start
    let bound = root.configuration.stopPolicy.total + Self.slack
    guard time <= bound else {
      throw Violation(.boundedStop, "it took \(time); at most \(bound) are allowed")
    }
    return time
  }

  /// How much longer a stop may take than its policy allows: for the kernel, and for a busy
  /// machine.
  private static let slack: Duration = .seconds(3)
}

/// A request to end early, and what it cancels.
private final class Interruption: Sendable {
  private let state = Lock((isRaised: false, action: Optional<@Sendable () -> Void>.none))

  var isRaised: Bool { state.withLock(\.isRaised) }

  /// Sets the action, in place of the one before; runs it at once if the request has come.
  func onRaise(_ action: @escaping @Sendable () -> Void) {
    let isRaised = state.withLock { state in
      state.action = action
      return state.isRaised
    }
    if isRaised { action() }
  }

  func raise() {
    let action = state.withLock { state in
      state.isRaised = true
      return state.action
    }
    action?()
  }
}
