internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// The processes of this host that streams of a gate lead to, each watched once.
///
/// Belongs to the loop.
final class WatchedProcesses {
  /// In this time what a process has sent is in this one's sockets.
  private static let lastWords: Duration = .milliseconds(20)

  private let loop: EventLoop
  private let onEnd: (Int32) -> Void
  private var handles: [Int32: ProcessHandle] = [:]

  /// - Parameters:
  ///   - loop: Its loop.
  ///   - onEnd: Gets the pid of a watched process that has ended, once its last frames have come.
  init(on loop: EventLoop, onEnd: @escaping (Int32) -> Void) {
    self.loop = loop
    self.onEnd = onEnd
  }

  /// Watches a process from now on; returns whether it lives.
  func watch(_ pid: Int32) -> Bool {
    if handles[pid] != nil { return true }
    guard let process = try? ProcessHandle(pid: pid) else { return false }
    do {
      try process.watch(on: loop) { [unowned self] in
        _ = loop.timers.schedule(after: Self.lastWords) { [weak self] in
          guard let self, handles[pid] != nil else { return }
          onEnd(pid)
        }
        return true
      }
    } catch {
      process.close()
      return false
    }
    handles[pid] = process
    return true
  }

  /// Watches a process no longer; returns whether it was watched.
  func unwatch(_ pid: Int32) -> Bool {
    guard let process = handles.removeValue(forKey: pid) else { return false }
    process.unwatch(on: loop)
    process.close()
    return true
  }
}
