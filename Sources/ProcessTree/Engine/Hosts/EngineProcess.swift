internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// The process of an engine's command, with its standard error, of which the end is kept.
///
/// Belongs to the loop.
final class EngineProcess {
  private let process: CommandProcess
  private let loop: EventLoop
  private var errors: PipeReader?
  private var tail = ErrorTail()
  private var status: ExitStatus?
  private(set) var hasEnded = false
  var onEnd: (() -> Void)?

  /// Starts the command; both of its ends are closed here.
  ///
  /// - Parameter outlivesRun: Whether it has no tag, and ends by the end of its input alone.
  init(
    _ words: [String], input: consuming Descriptor, output: consuming Descriptor,
    in runtime: NodeRuntime, outlivesRun: Bool = false
  ) throws {
    loop = runtime.loop
    let errorPipe = try Descriptors.makePipe()
    let command = Command(words.first ?? "", Array(words.dropFirst()))
    let environment = try command.environment.resolved(from: Command.Environment.ofThisProcess())
    let path = try CommandLookup(command: command, environment: environment).path()
    process = try CommandProcess.start(
      CommandProcessPlan(
        path: path, arguments: words, environment: environment, standardInput: input.number,
        standardOutput: output.number, standardError: errorPipe.second.number,
        tag: outlivesRun
          ? nil
          : RunTag(run: runtime.identity.run.runID, node: try RunTag.randomNodeID())))
    errors = try PipeReader(errorPipe.first, on: runtime.loop) {
      true
    } receive: { [unowned self] in
      tail.append($0)
    } ended: {
    }
    try runtime.loop.whenEnded(process.leader) { [self] in reap() }
  }

  private func reap() -> Bool {
    // Before the leader is reaped, with which the group's number may become another's.
    process.signalGroup(SIGKILL)
    do {
      guard let reaped = try process.leader.reap() else { return false }
      status = reaped.status
    } catch {}
    process.leader.close()
    hasEnded = true
    errors?.drainAndClose()
    tail.finish()
    onEnd?()
    return true
  }

  func kill() { signal(SIGKILL) }

  func signal(_ number: Int32) {
    guard !hasEnded else { return }
    process.signalGroup(number)
  }

  /// The verdict that its end allows.
  var verdict: EngineVerdict { EngineVerdict(status: status, lines: tail.lastErrorLines) }
}
