internal import Glibc
internal import Links
internal import ProcessControl
internal import Supervision

extension NodeRuntime {
  /// Signals that ask a node to end.
  private static let endingSignals = [SIGTERM, SIGINT, SIGHUP]
  /// Signals of job control, which reach the root alone: other nodes are in sessions of their own.
  private static let jobControlSignals = [SIGTSTP, SIGCONT]

  /// Takes signals over: the first that asks to end ends the node in order, a second at once.
  func handleSignals() throws {
    let signals = Self.endingSignals + (identity.isRoot ? Self.jobControlSignals : [])
    let descriptor = try SignalSource.install(signals: signals)
    try loop.poller.add(descriptor, for: .read) { [unowned self] _ in
      for signal in SignalSource.takePending() { receive(signal) }
    }
  }

  private func receive(_ signal: Int32) {
    switch signal {
    case SIGTSTP: suspend()
    case SIGCONT: RunSweep.signalAll(run: identity.run.runID, signal: SIGCONT, except: [getpid()])
    default:
      guard ending.signal == nil else { return }
      ending.signal = signal
      SignalSource.armSecondSignal(run: identity.isRoot ? identity.run.runID : nil)
      let name = signalName(signal)
      requestStop(
        StopRequest(requestedBy: name, reason: "\(identity.name) received \(name)"), within: nil)
    }
  }

  /// Ctrl-Z: the whole run stops with the root, and deadlines wait as well.
  private func suspend() {
    let start = SuspendingClock.now
    RunSweep.signalAll(run: identity.run.runID, signal: SIGSTOP, except: [getpid()])
    kill(getpid(), SIGSTOP)
    RunSweep.signalAll(run: identity.run.runID, signal: SIGCONT, except: [getpid()])
    loop.timers.postpone(by: start.duration(to: .now))
  }
}
