internal import Glibc
internal import Logging
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The main thread of a node: it starts the program as a task, runs the loop until the node has
/// finished, and ends the process.
struct NodeMain {
  private let runtime: NodeRuntime
  private let bound: LoopBound<NodeRuntime>

  init(_ runtime: NodeRuntime, forkServer: ForkServer?) {
    self.runtime = runtime
    bound = LoopBound(runtime, on: runtime.loop)
    guard let forkServer else { return }
    do {
      runtime.forkServer = try ForkServerClient(forkServer, on: runtime.loop) {
        [unowned runtime] in runtime.forkServerLost()
      }
    } catch {
      runtime.spawningReason = "the fork server cannot be watched: \(error)"
    }
  }

  private func prepareLoop() throws {
    runtime.beginExchange()
    try runtime.loop.drainMainQueue()
    try runtime.handleSignals()
  }

  // MARK: The root

  func runRoot(
    _ body: @escaping @Sendable (Node) async throws -> Void
  ) throws -> Never {
    try prepareLoop()
    runtime.recordIfWanted()
    runtime.start { node in
      do {
        try await body(node)
        return .result([])
      } catch {
        return ProgramRun.outcome(of: error, in: node)
      }
    }
    runtime.loop.run { runtime.life.isFinished }
    leaveRoot()
  }

  func leave() -> Never {
    if let leave = runtime.nodes?.leave { leave() }
    runtime.identity.isRoot ? leaveRoot() : leaveChild()
  }

  private func leaveRoot() -> Never {
    let isWritten = runtime.output.finish()
    runtime.desk?.finish()
    runtime.listeners.close()
    runtime.channels?.close()
    runtime.forkServer?.end()
    // Processes that the root's own code has started end with the run, as when the root is killed.
    // All are below the root, which adopts orphans: where it has no child, there are none to look
    // for.
    if HostProcess.mayHaveDescendants { RunSweep.killAll(run: runtime.identity.run.runID) }
    // The next run looks for the control group where it finds the directory.
    if ControlGroup.endOwn() { runtime.place?.remove() }
    if runtime.life.signal == nil { runtime.recorder?.finish(exitCode: exitCodeOfRoot) }
    guard isWritten else {
      // Flushing could block on buffers that are locked or have no reader.
      if let signal = runtime.life.signal { SignalSource.restoreDefaultAndRaise(signal) }
      _exit(exitCodeOfRoot)
    }
    if let signal = runtime.life.signal { SignalSource.exit(bySignal: signal) }
    // Exit handlers may block; signals are not handled meanwhile and need not be.
    SignalSource.forget()
    exit(exitCodeOfRoot)
  }

  private var exitCodeOfRoot: Int32 {
    let code = runtime.life.outcome?.exitCode ?? 1
    return code == 0 ? runtime.output.failureCode ?? 0 : code
  }

  // MARK: A child

  /// Runs a child, whose program `begin` starts; never returns.
  func runChild(_ begin: () throws -> Void) throws -> Never {
    try prepareLoop()
    forwardLog()
    // The parent has ended, and the kernel did not kill this process: its user may have changed.
    runtime.parent?.tie?.onEnd = { kill(getpid(), SIGKILL) }
    runtime.parent?.tie?.onOverflow = { [unowned runtime] in
      let backlog = "\(FrameStream.mostWaiting >> 20) MiB of reports wait for the parent"
      runtime.giveUp(ProcessTreeError(.unreachable, "\(backlog), which reads none."))
    }
    if let parent = runtime.parent, !parent.isControlInherited {
      parent.waitForConnection()
      Bootstrap.markBegun()
    }
    try begin()
    runtime.loop.run { runtime.life.isFinished }
    leaveChild()
  }

  private func leaveChild() -> Never {
    fflush(nil)
    // The parent adopts it, and reaps it with this process.
    runtime.forkServer?.dismiss()
    if let signal = runtime.life.signal { SignalSource.restoreDefaultAndRaise(signal) }
    _exit(runtime.life.outcome?.exitCode ?? 1)
  }

  /// Sends the log records of this process, from any library, to the root from now on.
  private func forwardLog() {
    let level = runtime.shared.configuration.logLevel
    let name = runtime.identity.name
    let bound = bound
    LoggingSystem.bootstrap { label in
      TreeLogHandler(logLevel: level, label: label, node: name) { record in
        let bytes = record.packed()
        bound.perform { $0.log.append([bytes]) }
      }
    }
  }
}

extension NodeRuntime {
  func start(_ body: @escaping @Sendable (Node) async -> RecordedOutcome) {
    let bound = LoopBound(self, on: loop)
    let node = Node(bound)
    let task = Task(executorPreference: loop) {
      let outcome = await body(node)
      bound.perform { $0.programEnded(outcome) }
    }
    ending.cancelProgram = { task.cancel() }
  }
}
