internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision

/// The process of a node, as the nodes around it see it: it is signalled, it ends, its status is
/// taken.
///
/// A process of this host (`ProcessHandle`), or a node that shares this process
/// (``InProcessNode``). Belongs to the loop.
protocol ChildProcess: AnyObject {
  /// The number that reports show; never to be signalled by.
  var pid: Int32 { get }
  /// Whether it has ended, reaped or not.
  var hasEnded: Bool { get }
  /// Its state by the kernel while it lives.
  var state: ProcessState { get }
  /// Sends a signal.
  func send(_ signal: Int32) throws(ProcessControlError)
  /// Calls `body` on the loop when the process has ended, and again from time to time until it
  /// returns true.
  func watch(on loop: EventLoop, _ body: @escaping () -> Bool) throws(LoopError)
  /// Calls no more; to be called before `close` while the process lives.
  func unwatch(on loop: EventLoop)
  /// Takes the status of an ended process; nil while it runs.
  func reap() throws(ProcessControlError) -> Reaped?
  /// Waits for a process that is ending for certain, at most two seconds, and reaps it.
  func reapSoon() -> Reaped?
  /// Lets go of the process, which is not touched.
  func close()
}

extension ProcessState {
  /// Reads the kernel's view of a live process.
  init(of pid: Int32) {
    self = Files.text(of: "/proc/\(pid)/status").map { Self(status: $0) } ?? .running
  }
}

extension ProcessHandle: ChildProcess {
  var state: ProcessState { ProcessState(of: pid) }

  func watch(on loop: EventLoop, _ body: @escaping () -> Bool) throws(LoopError) {
    try loop.whenEnded(self, reap: body)
  }

  func unwatch(on loop: EventLoop) { loop.poller.remove(pidfd) }
}
