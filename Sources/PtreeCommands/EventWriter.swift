internal import Glibc
internal import ProcessTree
internal import ProcessTreeBase
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
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &last) == 0
    else {
      throw ProcessTreeError(
        .systemCallFailed, "Events cannot be written: \(String(cString: strerror(errno)))")
    }
    let behindTheLast = last[1]
    Task(executorPreference: try root.makeThread()) {
      for await event in events {
        for sink in sinks { sink.write(event) }
      }
      for sink in sinks { sink.finish() }
      close(behindTheLast)
    }
    // The sequence ends with the root, which then leaves by `exit`, whatever it ends of.
    on_exit({ code, _ in EventWriter.finish(code) }, nil)
  }

  /// How long a slow reader has after a signal that asked the run to end.
  private static let patience: Duration = .seconds(2)

  /// Waits for the last event; an exit code of 0 does not stay when events were lost.
  private static func finish(_ code: Int32) {
    // A run that nobody asked to end waits as long as its reader takes; a signal ends the process
    // then.
    let isHurried = code > 128
    let deadline = ContinuousClock.now + patience
    var end = pollfd(fd: last[0], events: Int16(POLLIN), revents: 0)
    var timeLeft: Int32 {
      Int32(max(.zero, ContinuousClock.now.duration(to: deadline)).wholeMilliseconds)
    }
    while poll(&end, 1, isHurried ? timeLeft : -1) < 0, errno == EINTR {}
    guard code == 0, hasLostEvents.load(ordering: .sequentiallyConsistent) else { return }
    fflush(nil)
    _exit(ExitStatusCode.failure)
  }

  /// Not all events could be written: the run is no success then.
  static let hasLostEvents = Atomic<Bool>(false)

  /// A pair of sockets, one of which is closed behind the last event: nobody sets the clock of a
  /// wait for it.
  private nonisolated(unsafe) static var last: [Int32] = [-1, -1]
}
