import ProcessTreeCProcessShims

/// Signals to this process, noted in a handler and told through an eventfd.
///
/// To be installed after the fork server was made; children start with the dispositions of before.
package enum SignalSource {
  /// Installs handlers and returns the eventfd: non-blocking, close-on-exec, one per process.
  ///
  /// Interrupted calls are restarted (`SA_RESTART`); other code's handling of these signals is
  /// replaced. They are also unblocked on the calling thread: a program that was started from a
  /// thread with signals blocked inherits that, and would be deaf.
  package static func install(signals: [Int32]) throws(ProcessControlError) -> Int32 {
    let result = pt_signals_install(signals, Int32(clamping: signals.count))
    guard result >= 0 else { throw .system("sigaction", -result) }
    return result
  }

  /// Takes the signals that came since the last call, each once, in the order of their numbers.
  package static func takePending() -> [Int32] {
    let bits = pt_signals_take()
    guard bits != 0 else { return [] }
    return (1...64).filter { bits & 1 << (UInt64($0) - 1) != 0 }
  }

  /// Whether whoever started this process, or the program itself, has a signal ignored.
  package static func isIgnored(_ signal: Int32) -> Bool { pt_signals_ignored(signal) != 0 }

  /// Stops this process as Ctrl-Z does, although it takes SIGTSTP; returns once it is continued.
  ///
  /// Returns at once where the kernel ignores the signal: in a process group that no shell watches
  /// over, and in the first process of a namespace.
  package static func stopThisProcess() { pt_signals_stop() }

  /// Makes a second terminating signal work even if nobody takes the first.
  ///
  /// Of SIGTERM, SIGINT and SIGHUP, as far as installed, the second, at least 200 ms after the
  /// first (closer ones are one wish: `timeout` and terminals send two), ends the process inside
  /// the handler by its default action; in the root, which names its run, after killing all that
  /// carries the run's tag.
  package static func armSecondSignal(run: UInt32?) { pt_signals_arm(run ?? 0) }

  /// Handles signals as before the installation: nobody takes them any more.
  package static func forget() { pt_signals_forget() }

  /// Makes ``exit(bySignal:)`` possible; to be called before anything else registers with `atexit`.
  package static func prepareExit() throws(ProcessControlError) {
    let error = pt_signals_prepare_exit()
    guard error == 0 else { throw .system("atexit", error) }
  }

  /// Does all that `exit` does, and then ends this process by a signal.
  ///
  /// A shell goes on with its loop when a program exits with 128 + N, and ends the loop when the
  /// program dies of SIGINT. The first process of a namespace exits with 128 + N: the kernel ends it
  /// by no signal.
  package static func exit(bySignal signal: Int32) -> Never { pt_signals_exit(signal) }

  /// Ends this process by a signal, so that its parent sees that signal.
  package static func restoreDefaultAndRaise(_ signal: Int32) -> Never {
    pt_signals_raise_default(signal)
  }
}
