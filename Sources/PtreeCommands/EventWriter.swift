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
    // The sequence ends with the root, which then leaves by `exit`, whatever it ends of. A signal ends
    // the wait for a slow reader.
    on_exit(
      { code, _ in
        while sem_wait(EventWriter.finished) != 0, errno == EINTR {}
        guard code == 0, EventWriter.hasLostEvents.load(ordering: .sequentiallyConsistent) else {
          return
        }
        fflush(nil)
        _exit(ExitStatusCode.failure)
      }, nil)
  }

  /// Not all events could be written: the run is no success then.
  static let hasLostEvents = Atomic<Bool>(false)

  private nonisolated(unsafe) static let finished = UnsafeMutablePointer<sem_t>.allocate(
    capacity: 1)
}
