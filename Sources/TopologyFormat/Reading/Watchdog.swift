internal import Glibc

/// Ends the process when reading takes too much processor time.
///
/// The YAML reader hashes keys with all that aliases in them stand for, which can take any time and
/// cannot be stopped. So it is to be used where nothing has been started yet.
package enum Watchdog {
  private static let seconds = 5
  /// The name of the tool in its message, which lives as long as the process: a handler cannot make
  /// it.
  nonisolated(unsafe) private static var tool: UnsafeMutablePointer<CChar>?

  /// Notes under which name the message comes.
  package static func speak(as name: String) { tool = strdup(name) }

  /// Runs `body`; after five seconds of processor time the process exits with 2 and reports why.
  ///
  /// A busy machine makes no file too long.
  package static func guarding<Value, Failure: Error>(
    _ body: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    // A handler may do what is safe in one: write and leave.
    let before = signal(SIGPROF) { _ in
      let message: StaticString =
        ": the file takes more than 5 s of processor time, for example for aliases in keys; nothing was started.\n"
      if let tool = Watchdog.tool { _ = write(STDERR_FILENO, tool, strlen(tool)) }
      _ = write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
      _exit(2)
    }
    allow(seconds)
    defer {
      allow(0)
      signal(SIGPROF, before)
    }
    return try body()
  }

  /// Sets the time that is left; with 0 it is without an end.
  private static func allow(_ seconds: Int) {
    var time = itimerval(
      it_interval: timeval(), it_value: timeval(tv_sec: seconds, tv_usec: 0))
    setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &time, nil)
  }
}
