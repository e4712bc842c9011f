internal import Glibc
internal import Links
internal import ProcessControl
internal import Supervision

extension NodeRuntime {
  /// Signals that ask a node to end.
  private static let endingSignals = [SIGTERM, SIGINT, SIGHUP]
  /// Signals of job control, which reach the root alone: other nodes are in sessions of their own.
  private static let jobControlSignals = [SIGTSTP]

  /// Takes signals over: the first that asks to end ends the node in order, a second at once.
  func handleSignals() throws {
    let signals =
      Self.endingSignals + [SIGCONT] + (identity.isRoot ? Self.jobControlSignals : [])
    let descriptor = try SignalSource.install(signals: signals)
    // In the handler itself: a program that computes on the loop must not keep the second one back.
    SignalSource.armSecondSignal(run: identity.isRoot ? identity.run.runID : nil)
    try loop.poller.add(descriptor, for: .read) { [unowned self] _ in
      for signal in SignalSource.takePending() { receive(signal) }
    }
  }

  private func receive(_ signal: Int32) {
    switch signal {
    case SIGTSTP: suspend()
    case SIGCONT: resume()
    default:
      guard ending.signal == nil else { return }
      ending.signal = signal
      let name = SignalName.name(of: signal)
      requestStop(
        StopRequest(requestedBy: name, reason: "\(identity.name) received \(name)"), within: nil)
    }
  }

  /// The process had been stopped, nobody knows for how long: deadlines begin anew.
  ///
  /// The root, which the shell continues, has the whole run continued.
  private func resume() {
    loop.timers.restart()
    guard identity.isRoot else { return }
    RunSweep.continueAll(run: identity.run.runID)
  }

  /// Ctrl-Z: the whole run stops with the root.
  private func suspend() {
    RunSweep.stopAll(run: identity.run.runID)
    kill(getpid(), SIGSTOP)
  }
}
