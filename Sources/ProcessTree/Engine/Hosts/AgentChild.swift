internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// A placed child, as the far half of its host holds it.
///
/// Belongs to the loop.
final class AgentChild {
  let position: UInt32
  let tag: RunTag
  private let streams: ChildStreams
  private let tie: ChildTie
  /// Nil until the fork server has replied.
  private(set) var process: ProcessHandle?
  private(set) var reaped: Reaped?
  /// The items on which it worked when it ended.
  private var work: [PeerVerdict.NotedWork] = []
  /// Signals that came before the process was known.
  private var waitingSignals: [Int32] = []

  init(
    _ record: BootstrapRecord, _ tag: RunTag, output: consuming Descriptor,
    error: consuming Descriptor, tie: consuming Descriptor, sink: any OutputSink, on loop: EventLoop
  ) throws {
    position = record.path.positions.last ?? 0
    self.tag = tag
    streams = try ChildStreams(
      of: ChildStreams.Origin(
        name: record.name, address: record.address, incarnation: record.incarnation),
      output: output, error: error, sink: sink, on: loop)
    self.tie = try ChildTie(tie, on: loop) {}
  }

  func started(_ process: ProcessHandle) {
    self.process = process
    for signal in waitingSignals { send(signal) }
    waitingSignals = []
  }

  func send(_ signal: Int32) {
    guard let process else { return waitingSignals.append(signal) }
    guard reaped == nil else { return }
    try? process.send(signal)
  }

  /// Reaps the process, which has ended; false when that cannot be done at present.
  ///
  /// - Parameter witness: Knows on what it worked.
  func reap(seenBy witness: WorkWitness) -> Bool {
    guard let process, let reaped = try? process.reap() else { return false }
    self.reaped = reaped
    work = witness.work(of: process.pid)
    streams.drainAndClose()
    return true
  }

  /// Reads its output again after there was no room.
  func resume() { streams.resume() }

  /// All facts about its end, once it has been reaped.
  func remains() -> HostRemains {
    HostRemains(
      status: reaped?.status, usage: reaped?.usage, lastWord: tie.lastWord,
      lastErrorLines: streams.errorTail.lastErrorLines,
      crashAccount: streams.errorTail.crashAccount, work: work)
  }
}

/// The sink of what placed children write: the link to the near half.
final class AgentOutput: OutputSink {
  private unowned let carrier: HostCarrier
  private var isBlocked = false
  /// Whether the near half has no room.
  var isHeld = false
  var onRoom: (() -> Void)?

  init(_ carrier: HostCarrier) { self.carrier = carrier }

  private var takesMore: Bool { !isHeld && carrier.hasRoom }

  var hasRoom: Bool {
    if !takesMore { isBlocked = true }
    return takesMore
  }

  func recheck() {
    guard isBlocked, takesMore else { return }
    isBlocked = false
    onRoom?()
  }

  func write(_ chunk: OutputChunk) { carrier.send(HostFrame(.output, body: chunk.item())) }
}
