internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// Processes of a host on this machine that came to this process because those above them have
/// gone.
///
/// They end by themselves: the far half ends what it has started, and its helper does if it cannot.
/// But only their parent can reap them. Belongs to the loop.
final class HostStragglers {
  private let tag: RunTag
  private let loop: EventLoop
  private weak var runtime: NodeRuntime?
  private var watched: [Int32: ProcessHandle] = [:]
  private var looks = 0
  /// Called when one of them has ended, with whose end others may have come.
  var onEnd: (() -> Void)?

  /// How long, and how often, it looks for more.
  private static let pause: Duration = .milliseconds(50)
  private static let mostLooks = 60

  init(of run: UInt32, in runtime: NodeRuntime) {
    tag = RunTag(run: run, node: 0)
    loop = runtime.loop
    self.runtime = runtime
  }

  /// Looks for them, and reaps those that it has found as they end; returns whether one is there.
  func look() -> Bool {
    let known = (runtime?.knownProcesses ?? []).union(watched.keys)
    for process in AdoptedProcesses.scan(tag: tag, known: known) {
      watch(process.handle)
    }
    return !watched.isEmpty
  }

  /// Looks for them for a while: those of a process that ends later come later.
  func lookForSome() {
    _ = look()
    looks += 1
    guard looks < Self.mostLooks else { return }
    _ = loop.timers.schedule(after: Self.pause) { [self] in lookForSome() }
  }

  private func watch(_ handle: ProcessHandle) {
    watched[handle.pid] = handle
    let isWatched: Void? = try? loop.whenEnded(handle) { [self] in
      do { guard try handle.reap() != nil else { return false } } catch {}
      handle.close()
      watched[handle.pid] = nil
      onEnd?()
      return true
    }
    if isWatched == nil { watched[handle.pid] = nil }
  }
}
