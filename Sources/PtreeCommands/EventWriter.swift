internal import Glibc
internal import ProcessTree

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
  /// How long the end of the process waits for a sink that is slow.
  private static let patience = 5

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
    atexit {
      var deadline = timespec()
      clock_gettime(CLOCK_REALTIME, &deadline)
      deadline.tv_sec += EventWriter.patience
      while sem_timedwait(EventWriter.finished, &deadline) != 0, errno == EINTR {}
    }
  }

  private nonisolated(unsafe) static let finished = UnsafeMutablePointer<sem_t>.allocate(
    capacity: 1)
}
