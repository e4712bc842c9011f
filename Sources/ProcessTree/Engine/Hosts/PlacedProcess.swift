internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The process of a child on another host, of which that host reports.
///
/// Belongs to the loop.
final class PlacedProcess: ChildProcess {
  let pid: Int32
  private let position: UInt32
  private weak var host: HostController?
  private var onEnd: (() -> Bool)?
  /// All facts about its end, once it has been reaped there.
  private(set) var remains: HostRemains?
  /// Why nobody will report any more how it ended.
  private(set) var loss: HostLoss?

  init(_ pid: Int32, at position: UInt32, on host: HostController) {
    self.pid = pid
    self.position = position
    self.host = host
  }

  var hasEnded: Bool { remains != nil || loss != nil }

  /// Nobody asks the other host for more.
  var state: ProcessState { .running }

  func send(_ signal: Int32) throws(ProcessControlError) {
    guard !hasEnded else { throw .system("kill", ESRCH) }
    host?.tell(.signal(child: position, signal))
  }

  func watch(on loop: EventLoop, _ body: @escaping () -> Bool) throws(LoopError) {
    onEnd = body
    if hasEnded { end() }
  }

  func unwatch(on loop: EventLoop) { onEnd = nil }

  func reap() throws(ProcessControlError) -> Reaped? {
    guard hasEnded else { return nil }
    // Somebody else on that host has taken the status.
    guard let reaped = remains?.reaped else { throw .system("waitid", ECHILD) }
    return reaped
  }

  /// Without a word of its host there is nothing to wait for.
  func reapSoon() -> Reaped? { remains?.reaped }

  func close() { onEnd = nil }

  func ended(_ remains: HostRemains) {
    guard !hasEnded else { return }
    self.remains = remains
    end()
  }

  func lost(_ loss: HostLoss) {
    guard !hasEnded else { return }
    self.loss = loss
    end()
  }

  private func end() {
    let body = onEnd
    onEnd = nil
    _ = body?()
  }
}
