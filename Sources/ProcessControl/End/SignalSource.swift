import ProcessTreeCProcessShims

/// Signals to this process, noted in a handler and reported through an eventfd.
///
/// Install them after the fork server is made; children start with the earlier dispositions.
package enum SignalSource {
  /// Installs handlers and returns the eventfd: non-blocking, close-on-exec, one per process.
  ///
  /// Interrupted calls are restarted (`SA_RESTART`), and other code's handlers of these signals are
  /// replaced. The signals are also unblocked on the calling thread, because a program inherits the
  /// mask of the thread that started it.
  package static func install(signals: [Int32]) throws(ProcessControlError) -> Int32 {
    let result = pt_signals_install(signals, Int32(clamping: signals.count))
    guard result >= 0 else { throw .system("sigaction", -result) }
    return result
  }

  /// Takes the signals since the last call, each once, in numerical order.
  package static func takePending() -> [Int32] {
    let bits = pt_signals_take()
    guard bits != 0 else { return [] }
    return (1...64).filter { bits & 1 << (UInt64($0) - 1) != 0 }
  }

  /// The sender of a signal that has been taken.
  package static func sender(of signal: Int32) -> SignalSender {
    let sender = pt_signals_sender(signal)
    guard sender != 0 else { return .kernel }
    return .process(
      Int32(truncatingIfNeeded: sender >> 32), user: UInt32(truncatingIfNeeded: sender))
  }

  /// Whether a signal is ignored, by this program or from its start.
  package static func isIgnored(_ signal: Int32) -> Bool { pt_signals_ignored(signal) != 0 }

  /// Stops this process as Ctrl-Z does, although it handles SIGTSTP; returns once it is continued.
  ///
  /// It returns at once if the kernel ignores the signal: in a process group without a shell, and
  /// in the first process of a namespace.
  package static func stopThisProcess() { pt_signals_stop() }

  /// Makes a second terminating signal work even if the first is never taken.
  ///
  /// It applies to those of SIGTERM, SIGINT and SIGHUP that are installed. A second signal, at
  /// least 200 ms after the first, ends the process in the handler by its default action; closer
  /// ones count as one, because `timeout` and terminals send two. In the root, which passes its
  /// run, the handler first kills all processes with the run's tag.
  package static func armSecondSignal(run: UInt32?) { pt_signals_arm(run ?? 0) }

  /// Restores the dispositions from before the installation.
  package static func forget() { pt_signals_forget() }

  /// Prepares ``exit(bySignal:)``; call it before anything else registers with `atexit`.
  package static func prepareExit() throws(ProcessControlError) {
    let error = pt_signals_prepare_exit()
    guard error == 0 else { throw .system("atexit", error) }
  }

  /// Does the work of `exit`, and then ends this process by a signal.
  ///
  /// A shell continues its loop if a program exits with 128 + N, and ends the loop if the program
  /// dies of SIGINT. The first process of a namespace exits with 128 + N, because the kernel
  /// protects it from signals.
  package static func exit(bySignal signal: Int32) -> Never { pt_signals_exit(signal) }

  /// Ends this process by a signal, which its parent sees.
  package static func restoreDefaultAndRaise(_ signal: Int32) -> Never {
    pt_signals_raise_default(signal)
  }
}

/// The sender of a signal, as the kernel reports it.
package enum SignalSender: Equatable, Sendable {
  /// The kernel itself, as for Ctrl-C at a terminal, and for a sender outside of this namespace.
  case kernel
  case process(Int32, user: UInt32)
}
