internal import Glibc
internal import ProcessTree
internal import Synchronization

/// Somewhere to write events to.
protocol EventSink: Sendable {
  /// Takes the next event.
  func write(_ event: LifecycleEvent)

  /// There are no more events.
  func finish()
}

extension EventSink {
  /// Does nothing.
  func finish() {}
}

/// Hands every event of the tree to sinks, off the root's event loop, up to the last one: the
/// process does not end before that was written.
enum EventWriter {
  /// Starts writing; to be called once.
  static func start(_ events: LifecycleEvents, _ sinks: [any EventSink], in root: Node) throws {
    sem_init(finished, 0, 0)
    Task(executorPreference: try root.makeThread()) {
      for await event in events {
        for sink in sinks { sink.write(event) }
      }
      for sink in sinks { sink.finish() }
      sem_post(finished)
    }
    // The sequence ends with the root, which then leaves by `exit`, whatever it ends of.
    on_exit({ code, _ in EventWriter.finish(code) }, nil)
  }

  /// How long a slow reader has after a signal that asked the run to end.
  private static let patience = 2

  /// Waits for the last event; an exit code of 0 does not stay when events were lost.
  private static func finish(_ code: Int32) {
    var deadline = timespec()
    clock_gettime(CLOCK_REALTIME, &deadline)
    deadline.tv_sec += patience
    // A run that nobody asked to end waits as long as its reader takes; a signal ends the process then.
    let isHurried = code > 128
    while (isHurried ? sem_timedwait(finished, &deadline) : sem_wait(finished)) != 0, errno == EINTR
    {}
    guard code == 0, hasLostEvents.load(ordering: .sequentiallyConsistent) else { return }
    fflush(nil)
    _exit(ExitStatusCode.failure)
  }

  /// Not all events could be written: the run is no success then.
  static let hasLostEvents = Atomic<Bool>(false)

  private nonisolated(unsafe) static let finished = UnsafeMutablePointer<sem_t>.allocate(
    capacity: 1)
}
