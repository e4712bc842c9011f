internal import Glibc
internal import Pipelines
internal import ProcessTree
internal import ProcessTreeBase

/// A stage in the mode `answer`: a command that is kept alive and makes exactly one record of each.
struct AnswerStep: Step {
  typealias Input = [UInt8]
  typealias Output = [UInt8]

  let settings: StageSettings
  /// The command that lives, in the worker alone.
  private var session: AnswerSession?
  private var silence = AnswerSilence()
  private var fruitless = FruitlessCommand()

  init(_ settings: StageSettings) { self.settings = settings }

  private enum CodingKeys: CodingKey {
    case settings
  }

  static var isStateless: Bool { true }
  static var _traits: StepTraits { StepTraits(suspends: true) }

  /// How many records a command has at a time, at most.
  private static var most: Int { 512 }

  nonisolated(nonsending) mutating func _process(
    _ inputs: ArraySlice<[UInt8]>, separately isSeparate: Bool,
    into outputs: inout StepOutputs<[UInt8]>, in node: Node
  ) async throws {
    var rest = inputs
    var failures: [String] = []
    var most = Self.most
    while let first = rest.first {
      guard settings.input.holds(first) else {
        outputs.refuse(
          first, stage: settings.name, ["it contains the byte that ends a record of the input"])
        rest = rest.dropFirst()
        continue
      }
      let asked = rest.prefix(most).prefix { settings.input.holds($0) }
      var session: AnswerSession
      if let living = self.session {
        session = living
      } else {
        session = AnswerSession(try await node.start(settings.command), settings)
      }
      let known = outputs.inputCount
      let failure = try await session.ask(asked, into: &outputs, in: node)
      let answered = outputs.inputCount - known
      if answered > 0 {
        failures = []
        silence = AnswerSilence()
        fruitless.noteWork()
      }
      await outputs.tellProgress()
      rest = rest.dropFirst(answered)
      self.session = failure == nil ? session : nil
      guard let failure else {
        most = min(most * 2, Self.most)
        continue
      }
      // The next record was not answered. From here on it is alone with the command, so that no
      // other is charged with what it does.
      most = 1
      failures.append(failure.account)
      if case .ended = failure { fruitless.noteDeath() }
      // Report the first late answer at once: all attempts together may take hours.
      if silence.note(failure) { Self.warn("\(settings.name): \(failure.account)") }
      if failures.count >= settings.attempts, let record = rest.popFirst() {
        outputs.refuse(record, stage: settings.name, failures)
        failures = []
        if silence.noteRecord() { throw StageFailure(failure.account) }
        try fruitless.noteRecord(failure.account)
      }
    }
  }

  nonisolated(nonsending) mutating func _finish(into outputs: inout StepOutputs<[UInt8]>)
    async throws
  {
    try await session?.finish()
    session = nil
  }

  /// Writes a line to the worker's standard error.
  private static func warn(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = write(STDERR_FILENO, line, line.count)
  }
}

/// Why an answer did not come.
enum AnswerFailure: Hashable, Sendable {
  /// Its time was over.
  case late(String)
  /// The command ended.
  case ended(String)

  var account: String {
    switch self {
    case .late(let account), .ended(let account): account
    }
  }
}

/// Whether it is the command that answers nothing in time, and not a record that it cannot answer.
struct AnswerSilence: Sendable {
  /// How many answers in a row do not come in time before the command is to blame.
  static let most = 10
  /// Of how many records these are at least: one alone may be what the command hangs at.
  static let fewestRecords = 2

  private var count = 0
  private var records = 0

  /// Notes that an answer did not come.
  ///
  /// - Returns: Whether it is the first in a row that was late.
  mutating func note(_ failure: AnswerFailure) -> Bool {
    guard case .late = failure else {
      self = Self()
      return false
    }
    count += 1
    return count == 1
  }

  /// Notes that all attempts of a record are over.
  ///
  /// - Returns: Whether the command is to blame.
  mutating func noteRecord() -> Bool {
    guard count > 0 else { return false }
    records += 1
    return count >= Self.most && records >= Self.fewestRecords
  }
}

/// A command that answers, and what has come of it.
struct AnswerSession: Sendable {
  private let run: CommandRun
  private let settings: StageSettings
  private var splitter = RecordSplitter()
  private var answered = 0

  /// How long an answer may take where the file has no time.
  private static var patience: Duration { .seconds(60) }

  init(_ run: CommandRun, _ settings: StageSettings) {
    self.run = run
    self.settings = settings
  }

  /// Gives records to the command.
  ///
  /// Each answer ends its record at once, so that the record is known with which the worker dies.
  ///
  /// - Parameter outputs: Takes the answers.
  /// - Returns: Why the next answer did not come; nil if all came.
  /// - Throws: An error for answers that belong to no record, and `CancellationError`.
  mutating func ask(
    _ records: ArraySlice<[UInt8]>, into outputs: inout StepOutputs<[UInt8]>, in node: Node
  ) async throws -> AnswerFailure? {
    var bytes: [UInt8] = []
    for record in records { settings.input.append(record, to: &bytes) }
    async let sent: Void = send(bytes)
    var missing = records.count
    var failure: AnswerFailure?
    do {
      while missing > 0 {
        if let answer = try splitter.next(settings.output) {
          outputs.append(answer)
          outputs.endInput()
          missing -= 1
        } else if let chunk = try await chunk(in: node) {
          splitter.append(chunk)
        } else {
          failure = .ended(try await end(in: node))
          break
        }
      }
    } catch {
      try Task.checkCancellation()
      guard (error as? ProcessTreeError)?.code == .deadlinePassed else { throw error }
      failure = .late(
        "no answer within \(settings.timeLimit ?? Self.patience): does the command write one record "
          + "for each, and does it flush it (sed -u, jq --unbuffered, awk fflush(), "
          + "mawk -W interactive, grep --line-buffered)?")
      run.kill()
    }
    await sent
    answered += records.count - missing
    if failure == nil, splitter.count > 0 { throw tooMany }
    return failure
  }

  /// Ends the command, which has answered all.
  mutating func finish() async throws {
    run.finishSending()
    for try await chunk in run.chunks where !chunk.isEmpty { throw tooMany }
    _ = try await run.exitStatus
  }

  private var tooMany: StageFailure {
    StageFailure(
      "the command wrote more than one record for one: after \(answered) records there was another "
        + "answer")
  }

  private func chunk(in node: Node) async throws -> [UInt8]? {
    try await node.withTimeout(settings.timeLimit ?? Self.patience) { [run] in
      var chunks = run.chunks.makeAsyncIterator()
      return try await chunks.next()
    }
  }

  /// A command that has ended or gone away answers nothing more, which the reader notices.
  private func send(_ bytes: [UInt8]) async { try? await run.send(bytes) }

  /// How the command ended, which has closed its output.
  private func end(in node: Node) async throws -> String {
    // Killed only when it does not end by itself: its own end is what the record did.
    run.finishSending()
    let own = try? await node.withTimeout(.seconds(1)) { [run] in try await run.exitStatus }
    run.kill()
    let status = try await run.exitStatus
    let incomplete = splitter.count > 0 ? ", in the middle of a record" : ""
    let deed = own == nil ? "closed its output and went on" : status.asVerb
    return "the command \(deed) before it had answered\(incomplete)"
  }
}

/// A command of a stage did what its mode does not allow.
struct StageFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
