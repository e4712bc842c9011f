internal import Glibc

/// Ends the process when reading takes too long.
///
/// The YAML reader hashes keys with all that aliases in them stand for, which can take any time and
/// cannot be stopped. So it is to be used where nothing has been started yet.
package enum Watchdog {
  private static let seconds: UInt32 = 5
  /// The name of the tool in its message, which lives as long as the process: a handler cannot make it.
  nonisolated(unsafe) private static var tool: UnsafeMutablePointer<CChar>?

  /// Notes under which name the message comes.
  package static func speak(as name: String) { tool = strdup(name) }

  /// Runs `body`; after five seconds the process exits with 2 and says why.
  package static func guarding<Value, Failure: Error>(
    _ body: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    // A handler may do what is safe in one: write and leave.
    let before = signal(SIGALRM) { _ in
      let message: StaticString =
        ": the file takes longer than 5 s to read, for example for aliases in keys; nothing was started.\n"
      if let tool = Watchdog.tool { _ = write(STDERR_FILENO, tool, strlen(tool)) }
      _ = write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
      _exit(2)
    }
    alarm(seconds)
    defer {
      alarm(0)
      signal(SIGALRM, before)
    }
    return try body()
  }
}
