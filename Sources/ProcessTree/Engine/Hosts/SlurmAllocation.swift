internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// An allocation of Slurm, which a process of `salloc` holds.
///
/// Belongs to the loop.
final class SlurmAllocation {
  /// How long Slurm may take to take the nodes back, before `salloc` is told, and killed.
  private static let releaseTime: Duration = .seconds(10)

  private unowned let runtime: NodeRuntime
  private let engine: EngineProcess
  /// Its standard input: the nodes are given back when it closes.
  private var hold: Descriptor?
  private var reader: PipeReader?
  private var text: [UInt8] = []
  private(set) var nodes: SlurmNodes?
  /// The text that `salloc` printed instead of node names, in one line.
  private(set) var unreadable: String?
  private(set) var isOver = false
  let knownWaiters: Waiters<Void>
  let overWaiters: Waiters<Void>

  init(_ words: [String], in runtime: NodeRuntime) throws {
    self.runtime = runtime
    knownWaiters = Waiters(on: runtime.loop.timers)
    overWaiters = Waiters(on: runtime.loop.timers)
    let input = try Descriptors.makePipe()
    let output = try Descriptors.makePipe()
    let holder = input.second
    // It goes on when this process and all that has the run's tag are killed, to give the nodes back.
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
    guard nodes == nil, unreadable == nil else { return }
    text += bytes
    let text = String(decoding: text, as: UTF8.self)
    guard SlurmNodes.isWhole(text) else { return }
    nodes = SlurmNodes(text)
    if nodes == nil { unreadable = SlurmNodes.oneLine(text) }
    knownWaiters.resume(())
  }

  /// What `salloc` has said.
  var account: String {
    engine.verdict.explaining(
      HostError(.allocationRefused, host: "", "salloc has ended"), of: ["salloc"]
    )
    .message
  }

  /// Gives the nodes back.
  func release() {
    hold = nil
    guard !isOver else { return }
    // In the queue it reads nothing.
    if nodes == nil, unreadable == nil { engine.signal(SIGTERM) }
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
