internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision

extension NodeRuntime {
  /// Takes signals over: the first that asks to end ends the node in order, a second at once.
  ///
  /// Those that were ignored at the start stay so at every node: a user of `nohup`, or of a shell's
  /// `&` in a script, meant it. SIGTERM alone is heard below the root in any case, for it is a step
  /// of the tree's own stops. SIGTSTP and SIGQUIT come from a terminal, of which the other nodes
  /// have none.
  func handleSignals() throws {
    let descriptor = try SignalSource.install(
      signals: Self.handledSignals(ofTheRoot: identity.isRoot))
    ThreadStacks.answer(in: identity.run.directory)
    // In the handler itself: a program that computes on the loop must not keep the second one back.
    SignalSource.armSecondSignal(run: identity.isRoot ? identity.run.runID : nil)
    try loop.poller.add(descriptor, for: .read) { [unowned self] _ in
      for signal in SignalSource.takePending() {
        receive(signal, from: SignalSource.sender(of: signal))
      }
    }
  }

  /// The signals that a node takes over.
  static func handledSignals(ofTheRoot isRoot: Bool) -> [Int32] {
    let ending = [SIGINT, SIGHUP].filter { !SignalSource.isIgnored($0) }
    let ownToTheRoot = [SIGTERM, SIGTSTP, SIGQUIT].filter { !SignalSource.isIgnored($0) }
    return ending + (isRoot ? ownToTheRoot : [SIGTERM]) + [SIGCONT]
  }

  /// Takes a signal that the process, or a node that shares one, was sent.
  ///
  /// - Parameter sender: What sent it; nil to a node that shares a process.
  func receive(_ signal: Int32, from sender: SignalSender?) {
    switch signal {
    case SIGTSTP: suspend()
    case SIGCONT: resume()
    case SIGQUIT: writeExplanations()
    default:
      requestStop(StopRequest(signal, from: sender, at: identity.name), signal: signal)
    }
  }

  /// The process had been stopped, nobody knows for how long: deadlines begin anew.
  ///
  /// The root, which the shell continues, has the whole run continued.
  private func resume() {
    loop.timers.restart()
    renewal?.renewNow()
    // The kernel discards a stop that has not happened yet, and so does this.
    suspending?.cancel()
    guard identity.isRoot else { return }
    RunSweep.continueAll(run: identity.run.runID)
  }

  /// Ctrl-Z: the whole run stops with the root, and goes on with it.
  ///
  /// The hosts that this node has opened stop first, for nobody renews their leases meanwhile.
  /// Where no shell could continue it, the kernel does not let the root stop, and the others go on
  /// at once.
  private func suspend() {
    guard suspending == nil else { return }
    suspending = HostSuspension(of: hosts.values.filter(\.canStop), on: loop) {
      [unowned self] isCalledOff in
      suspending = nil
      if !isCalledOff { stopHere() }
    }
    suspending?.begin()
  }

  private func stopHere() {
    let stopped = hosts.values.filter(\.canStop)
    RunSweep.stopAll(run: identity.run.runID)
    suspension { SignalSource.stopThisProcess() }
    RunSweep.continueAll(run: identity.run.runID)
    for host in stopped { host.resume() }
  }
}

extension StopRequest {
  /// The request that a signal is.
  fileprivate init(_ signal: Int32, from sender: SignalSender?, at node: String) {
    let name = SignalName.name(of: signal)
    let origin: Origin
    let words: String
    switch sender {
    case nil: (origin, words) = (.signal(signal, pid: nil, user: nil), "")
    case .kernel:
      let isOfTerminal = signal == SIGINT || signal == SIGHUP
      origin = .signal(signal, pid: nil, user: nil)
      words = " from the \(isOfTerminal ? "terminal" : "kernel")"
    case .process(let pid, let user):
      // Gone already, if it was a command that does nothing else.
      let command = Files.text(of: "/proc/\(pid)/comm").map { $0.filter { $0 != "\n" } }
      origin = .signal(signal, pid: pid, user: user)
      words = " from \(command ?? "a process") (pid \(pid), user \(user))"
    }
    self.init(requestedBy: name, reason: "\(node) received \(name)\(words)", origin: origin)
  }
}
