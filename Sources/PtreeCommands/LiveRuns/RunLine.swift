internal import Glibc
internal import ProcessTree
internal import ProcessTreeProcessControl

/// A connection to the root of a run, with the message for a root that does not answer.
struct RunLine: ~Copyable {
  let run: LiveRun
  private var client: DeskClient

  /// How long a root has to answer a word that it answers at once.
  static let patience = Duration.seconds(2)

  init(_ run: LiveRun) throws {
    guard run.root != nil else { throw RunRefusal.dead(run) }
    guard !run.isSuspended else { throw Self.suspended(run) }
    // Somebody has renamed it.
    guard let directory = run.directory else { throw Self.refusal(.absent, of: run) }
    let client = try Self.connect(to: directory, of: run)
    self.run = run
    self.client = client
  }

  private static func connect(to directory: String, of run: LiveRun) throws -> DeskClient {
    do throws(DeskClient.Failure) {
      return try DeskClient.connect(to: directory, within: patience)
    } catch {
      throw refusal(error, of: run)
    }
  }

  /// Sends a request and waits for all of its answer.
  mutating func request(
    _ purpose: DeskRequest.Purpose, within time: Duration = Self.patience + .seconds(4)
  ) throws -> (nodes: [NodeExplanation], result: OperationResult?) {
    do throws(DeskClient.Failure) {
      return try client.request(purpose, within: time)
    } catch {
      throw Self.refusal(error, of: run)
    }
  }

  /// Sends operations, each when there is room for it, and hands their results on as they come.
  ///
  /// Each owner waits for its time, and reports then.
  mutating func operate(
    _ count: Int, until deadline: ContinuousClock.Instant, _ purpose: (Int) -> DeskRequest.Purpose,
    _ take: (Int, Result<OperationResult, RunRefusal>) throws -> Void
  ) throws {
    do {
      try client.requestAll(count, until: deadline + .seconds(5), purpose) { [run] place, answer in
        switch answer {
        case .success(let result): if let result { try take(place, .success(result)) }
        case .failure(let failure): try take(place, .failure(Self.refusal(failure, of: run)))
        }
      }
    } catch let failure as DeskClient.Failure {
      throw Self.refusal(failure, of: run)
    }
  }

  /// The minor version that the root speaks.
  var minor: Int { client.version.minor }

  /// Sends a request and takes its answers as they come, for as long as somebody reads the output.
  mutating func follow(
    _ purpose: DeskRequest.Purpose, _ take: (DeskAnswer.Content) throws -> Void
  ) throws {
    var isFirst = true
    while true {
      let content: DeskAnswer.Content
      do throws(DeskClient.Failure) {
        if isFirst { try client.begin(purpose, until: .now + Self.patience) }
        isFirst = false
        content = try client.next(until: .now + Self.period)
      } catch .silent {
        // As if it had been written to.
        guard !Standard.output.hasNoReader else {
          throw StreamError(name: Standard.output.name, number: EPIPE)
        }
        continue
      } catch {
        throw Self.refusal(error, of: run)
      }
      switch content {
      case .done, .result, .status: return
      case .failed(let failure, let text):
        throw Self.refusal(.refused(failure, text), of: run)
      case .node, .output, .dropped, .past: try take(content)
      }
    }
  }

  /// Waits for the end of the run, as long as the root's process lives and the time is not over.
  ///
  /// - Returns: The root's report; nil if it has ended without a word, or the time is over.
  mutating func end(until deadline: ContinuousClock.Instant) -> OperationResult? {
    do throws(DeskClient.Failure) {
      try client.begin(.end, until: deadline)
      guard case .result(let result) = try client.next(until: deadline) else { return nil }
      return result
    } catch {
      return nil
    }
  }

  /// How often a command that follows looks whether somebody reads its output.
  private static let period = Duration.milliseconds(200)

  private static func suspended(_ run: LiveRun) -> RunRefusal {
    RunRefusal(
      code: LiveExitCode.noAnswer, kind: "noAnswer",
      description:
        "the root of \(run.label) is suspended; continue it (kill -CONT \(run.root?.pid ?? 0)) "
        + "or \(RunningTool.current.name) kill \(run.name).")
  }

  private static func refusal(_ failure: DeskClient.Failure, of run: LiveRun) -> RunRefusal {
    let text: String
    switch failure {
    case .refused(.noSuchNode, let reason): return .noSuchNode(reason)
    case .refused(.notPermitted, let reason):
      return RunRefusal(code: LiveExitCode.impossible, kind: "notPermitted", description: reason)
    case .refused(.outOfRange, let reason):
      return RunRefusal(code: ExitStatusCode.usage, kind: "outOfRange", description: reason)
    case .refused(.deadlinePassed, let reason):
      return RunRefusal(
        code: ExitStatusCode.timedOut, kind: "deadlinePassed", description: reason)
    case .refused(_, let reason):
      return RunRefusal(code: LiveExitCode.noAnswer, kind: "unreachable", description: reason)
    case .otherVersion(let major):
      let own = "\(DeskHello.current.major).\(DeskHello.current.minor)"
      text =
        "the root of \(run.label) speaks version \(major) of this protocol, and this "
        + "\(RunningTool.current.name) version \(own)."
    case .absent, .closed:
      guard !RunEnd.isOver(run) else { return .ended(run) }
      text = "the root of \(run.label) has ended or does not listen."
    case .silent where run.isSuspended, .crowded where run.isSuspended: return suspended(run)
    case .silent, .crowded:
      text =
        "\(RunStanding.noAnswer) from the root of \(run.label); \(RunningTool.current.name) kill "
        + "\(run.name) needs none."
    }
    var refusal = RunRefusal(code: LiveExitCode.noAnswer, kind: "noAnswer", description: text)
    refusal.failure = failure
    return refusal
  }
}
