package import Foundation
internal import Synchronization

extension Process {
  /// Starts the process as a shell does in the foreground: with no signal ignored or blocked,
  /// however the tests themselves were started.
  ///
  /// Under `nohup`, or behind a script's `&`, a program ignores signals as well, and means it. The
  /// threads that tests run on have them blocked.
  package func runInForeground() throws {
    try Self.starting.withLock { _ in
      let before = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCHLD].map {
        ($0, signal($0, SIG_DFL))
      }
      var (none, mask) = (sigset_t(), sigset_t())
      pthread_sigmask(SIG_SETMASK, &none, &mask)
      defer {
        pthread_sigmask(SIG_SETMASK, &mask, nil)
        for (number, action) in before { signal(number, action) }
      }
      try run()
    }
  }

  private static let starting = Mutex(())
}
