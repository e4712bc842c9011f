internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// The command by which Slurm is asked for nodes.
enum SlurmTool: String, Sendable {
  case salloc, sbatch

  /// The error of a command that ends without an answer.
  var silence: String {
    switch self {
    case .salloc: "Slurm's scontrol does not name the nodes of the allocation"
    case .sbatch: "Slurm's sbatch does not print the number of the array"
    }
  }
}

/// An allocation of Slurm, or an array of jobs, which a process holds.
///
/// Belongs to the loop.
final class SlurmAllocation<Grant: Sendable> {
  /// How long Slurm may take to take the nodes back, before the process gets SIGTERM, and is
  /// killed.
  private static var releaseTime: Duration { .seconds(10) }

  private unowned let runtime: NodeRuntime
  private let tool: SlurmTool
  private let read: (String) -> Grant?
  private let engine: EngineProcess
  /// Its standard input: the nodes are given back when it closes.
  private var hold: Descriptor?
  private var reader: PipeReader?
  private var text: [UInt8] = []
  /// What Slurm has given.
  private(set) var grant: Grant?
  /// The text that was printed instead of that, in one line.
  private(set) var unreadable: String?
  private(set) var isOver = false
  let knownWaiters: Waiters<Void>
  let overWaiters: Waiters<Void>

  /// - Parameters:
  ///   - words: The command.
  ///   - tool: What it runs.
  ///   - runtime: That of this node.
  ///   - read: Reads what Slurm has given in what the command has printed.
  init(
    _ words: [String], by tool: SlurmTool, in runtime: NodeRuntime,
    _ read: @escaping (String) -> Grant?
  ) throws {
    self.runtime = runtime
    self.tool = tool
    self.read = read
    knownWaiters = Waiters(on: runtime.loop.timers)
    overWaiters = Waiters(on: runtime.loop.timers)
    let input = try Descriptors.makePipe()
    let output = try Descriptors.makePipe()
    let holder = input.second
    // It goes on when this process and all that has the run's tag are killed, to give the nodes
    // back.
    engine = try EngineProcess(
      words, input: input.first, output: output.second, in: runtime, outlivesRun: true)
    hold = consume holder
    reader = try PipeReader(output.first, on: runtime.loop) {
      true
    } receive: { [unowned self] in
      receive($0)
    } ended: {
    }
    engine.onEnd = { [weak self] in self?.ended() }
  }

  private func receive(_ bytes: UnsafeRawBufferPointer) {
    guard grant == nil, unreadable == nil else { return }
    text += bytes
    let text = String(decoding: text, as: UTF8.self)
    guard SlurmNodes.isWhole(text) else { return }
    grant = read(text)
    if grant == nil { unreadable = SlurmNodes.oneLine(text) }
    knownWaiters.resume(())
  }

  /// The output of the command.
  var account: String {
    engine.verdict.explaining(
      HostError(.allocationRefused, host: "", "\(tool.rawValue) has ended"), of: [tool.rawValue]
    )
    .message
  }

  /// Gives the nodes back.
  func release() {
    hold = nil
    guard !isOver else { return }
    // In the queue `salloc` reads nothing. A `sbatch` that has not answered may have submitted the
    // array.
    if tool == .salloc, grant == nil, unreadable == nil { engine.signal(SIGTERM) }
    _ = runtime.loop.timers.schedule(after: Self.releaseTime) { [weak self] in
      self?.engine.signal(SIGTERM)
    }
    _ = runtime.loop.timers.schedule(after: Self.releaseTime * 2) { [weak self] in
      self?.engine.kill()
    }
  }

  private func ended() {
    isOver = true
    hold = nil
    reader?.drainAndClose()
    knownWaiters.resume(())
    overWaiters.resume(())
  }
}
