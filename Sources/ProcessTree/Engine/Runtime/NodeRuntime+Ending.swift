internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

extension NodeRuntime {
  /// How long a child waits for the answer to its goodbye while its parent lives.
  private static let goodbyeDeadline: Duration = .seconds(60)
  /// How long the answer takes before the parent is told by another way that a goodbye was said.
  private static let answerTime: Duration = .seconds(5)
  /// How long the root goes on for a program that does not end when its task is cancelled.
  private static let programGrace: Duration = .seconds(1)

  /// How long a node that was asked to stop waits for its peers to say that its last words have come.
  private static let lastWords: Duration = .milliseconds(200)

  /// After this time a root whose program has returned says for whom it waits.
  private static let silence: Duration = .seconds(3)

  // MARK: Being asked to stop

  /// Stops this node: ends the program, then the children, the last started first.
  ///
  /// - Parameter budget: The time for the whole subtree; nil takes the configuration's policy.
  func requestStop(_ request: StopRequest, within budget: Duration?) {
    guard shared.noteStop(request) else { return }
    let policy = budget.map { StopPolicy.within(budget: $0) } ?? shared.configuration.stopPolicy
    ending.childPolicy = policy
    shared.stopStartingChildren()
    ending.cancelProgram?()
    // While the program runs, it may still finish what it has taken. What it has sent before its end
    // is not waited for any more.
    if hasChannels, ending.outcome != nil { channels.abandon() }
    stopChildren(request, where: { _ in true })
    commands.stopAll(within: commandGrace)
    guard identity.isRoot else { return }
    // Nobody is above the root to end a program that does not listen.
    _ = loop.timers.schedule(after: policy.total.saturatingAdding(Self.programGrace)) {
      [unowned self] in
      programEnded(.cancelled)
    }
  }

  private func stopChildren(_ request: StopRequest, where isWanted: (AnyChild) -> Bool) {
    for (_, controller) in controllers.sorted(by: { $0.key > $1.key })
    where isWanted(controller.child) {
      controller.stop(from: .ask, request, within: ending.childPolicy)
    }
  }

  // MARK: The end of the program

  /// The program has ended: tells the parent, then waits for, or stops, the children.
  func programEnded(_ outcome: RecordedOutcome) {
    guard ending.outcome == nil, !hasVanished else { return }
    ending.outcome = outcome
    flushReports()
    shared.stopStartingChildren()
    if hasChannels { shared.stopRequest == nil ? channels.beginEnding() : channels.abandon() }
    ending.lastWordsEnd = loop.timers.now + Self.lastWords
    // The turn that this makes looks whether to wait any longer.
    _ = loop.timers.schedule(after: Self.lastWords + .milliseconds(1)) {}
    tellOutcome()
    commands.stopAll(within: commandGrace)
    if case .result = outcome, shared.stopRequest == nil {
      let reason = "\(identity.name) has ended, and the child is a daemon"
      stopChildren(StopRequest(requestedBy: identity.name, reason: reason), where: \.isDaemon)
      if identity.isRoot {
        _ = loop.timers.schedule(after: Self.silence) { [unowned self] in tellWhoIsWaitedFor() }
      }
    } else {
      let reason = "\(identity.name) is ending"
      stopChildren(
        shared.stopRequest ?? StopRequest(requestedBy: identity.name, reason: reason),
        where: { _ in true })
    }
    finishIfDone()
  }

  /// Ends the node for want of what its connections need; nothing is waited for that depends on them.
  func giveUp(_ error: any Error) {
    writeToStandardError("\(identity.name): \(error)")
    let failure = RecordedOutcome.failure(RemoteFailure(error, at: identity.name))
    if ending.outcome != nil, !ending.hasToldOutcome { ending.outcome = failure }
    ending.drainingEnds = .now
    requestStop(StopRequest(requestedBy: identity.name, reason: "\(error)"), within: nil)
    programEnded(failure)
  }

  /// Says for whom the root waits, which has nothing else to do any more.
  private func tellWhoIsWaitedFor() {
    let waited = shared.liveChildren.filter { !$0.isDaemon }
    guard let first = waited.first, shared.stopRequest == nil else { return }
    let names = waited.prefix(3).map { "\($0.name) (pid \($0.pid ?? 0))" }
    let others = waited.count > names.count ? " and \(waited.count - names.count) more" : ""
    writeToStandardError(
      "\(identity.name): the program has returned and waits for \(names.joined(separator: ", "))"
        + "\(others) to end; Ctrl-C stops \(waited.count == 1 ? first.name : "them").")
  }

  /// Tells the parent how the program ended, once what it sent over channels has arrived.
  private func tellOutcome() {
    guard let outcome = ending.outcome, !ending.hasToldOutcome else { return }
    let isHurried = shared.stopRequest != nil && loop.timers.now > ending.lastWordsEnd
    guard !hasChannels || channels.isSettled || isHurried else {
      ending.isWaiting = true
      return
    }
    ending.isWaiting = false
    ending.hasToldOutcome = true
    if let fault = channelFault, case .result = outcome {
      writeToStandardError("\(identity.name): \(fault)")
      ending.outcome = .failure(RemoteFailure(fault, at: identity.name))
    }
    tellParent(ending.outcome ?? outcome)
  }

  /// Goes on with the end once what it waits for has come about; looked at in each turn.
  func continueEnding() {
    if ending.isLeaving {
      if let parent { sayGoodbye(to: parent) }
    } else {
      tellOutcome()
      finishIfDone()
    }
  }

  /// What makes a failure of a program that has returned: elements of its channels are unaccounted for,
  /// or were given up without anybody knowing.
  private var channelFault: (any Error)? {
    if let unbalanced = ending.unbalanced { return WireError(unbalanced) }
    return hasChannels ? channels.quarantineFault : nil
  }

  private func tellParent(_ outcome: RecordedOutcome) {
    guard let parent else { return }
    switch outcome {
    case .result(let bytes) where bytes.count <= WireLimits.inlinePayload:
      parent.send(.outcome(.result(bytes)))
    case .result(let bytes):
      do {
        try parent.edge.sender(.payload).post(bytes)
        parent.send(.outcome(.resultOnLink))
      } catch {
        tellParent(.failure(RemoteFailure(error, at: identity.name)))
      }
    case .failure(let failure):
      parent.send(.outcome(.failure(failure.encoded())))
    case .exit(let code): parent.send(.outcome(.exit(code)))
    case .cancelled: parent.send(.outcome(.cancelled))
    }
  }

  /// Leaves once the program has ended and nothing is left below.
  func finishIfDone() {
    guard ending.outcome != nil, controllers.isEmpty, adopted.isEmpty, commands.isEmpty,
      !ending.isLeaving
    else { return }
    guard ending.hasToldOutcome else { return }
    ending.isLeaving = true
    guard let parent else {
      events.finishAll()
      ending.isFinished = true
      return
    }
    commands.errors.flush()
    fflush(nil)
    events.finishAll()
    forkServer?.dismiss()
    sayGoodbye(to: parent)
  }

  /// Says goodbye once everything sent before has been handed to the socket.
  private func sayGoodbye(to parent: ParentLink) {
    if ending.drainingEnds == nil {
      ending.drainingEnds = loop.timers.now + Self.goodbyeDeadline
      _ = loop.timers.schedule(after: Self.goodbyeDeadline + .milliseconds(1)) {}
    }
    parent.edge.flush()
    guard parent.edge.isDrained || loop.timers.now > ending.drainingEnds ?? loop.timers.now
    else {
      ending.isWaiting = true
      return
    }
    ending.isWaiting = false
    parent.send(events: events.takeOutgoing(), log: takeLog())
    parent.send(
      .goodbye(
        exitCode: ending.outcome?.exitCode ?? 1, linkFrames: parent.framesSent))
    _ = loop.timers.schedule(after: Self.answerTime) { [unowned self] in
      guard !ending.isFinished else { return }
      loop.poller.remove(Bootstrap.descriptor)
      Bootstrap.cutTie()
    }
    _ = loop.timers.schedule(after: Self.goodbyeDeadline) { [unowned self] in
      ending.isFinished = true
    }
  }

  // MARK: The root's output

  /// How long the root waits for a slow reader of its output after a signal has asked it to end.
  private static let lastOutput: Duration = .seconds(2)

  /// A stream of the root cannot be written to: says so, and does not end as if all were well.
  ///
  /// A reader that has gone has seen enough: the run ends, as any program does then.
  func outputFailed(_ failure: RootOutput.Failure) {
    let line = "process-tree: output is lost: \(failure)"
    if let output = output as? RootOutput {
      output.write(Array("\(line)\n".utf8), to: .error)
    } else {
      writeToStandardError(line)
    }
    ending.outputFailureCode = failure.isReaderGone ? 128 + SIGPIPE : 1
    guard failure.isReaderGone else { return }
    requestStop(
      StopRequest(requestedBy: identity.name, reason: "nobody reads \(failure.name) any more"),
      within: nil)
  }

  /// Writes at the root what waits to be written, however late its reader begins.
  ///
  /// Returns false when a signal has asked the root to end, and nobody has read for a while.
  func finishOutput() -> Bool {
    guard let output = output as? RootOutput else {
      // No child has been started, and nobody else writes.
      commands.errors.flush()
      let code = Descriptors.flushBuffers()
      if code != 0 { outputFailed(.init(stream: .output, code: code)) }
      return true
    }
    output.finish()
    var isOver = false
    var isWaiting = false
    loop.run {
      if ending.signal != nil, !isWaiting {
        isWaiting = true
        _ = loop.timers.schedule(after: Self.lastOutput) { isOver = true }
      }
      return output.isFinished || isOver
    }
    return output.isFinished
  }

  // MARK: What the parent says

  /// Takes a control message of the parent.
  func receiveFromParent(_ message: ControlMessage) {
    switch message {
    case .stop(let requestedBy, let reason, let milliseconds):
      requestStop(
        StopRequest(requestedBy: requestedBy, reason: reason),
        within: .milliseconds(max(0, milliseconds)))
    case .goodbyeAcknowledged:
      ending.isFinished = true
    case .rejected(_, let reason):
      emitOwn(.messageRejected(reason: reason))
    case .refused(let reason):
      // Without a parent that listens there is nothing to run for.
      let refusal = "The parent refused the connection: \(reason)"
      writeToStandardError("\(identity.name): \(refusal)")
      guard nodes == nil else {
        ending.isFinished = true
        return
      }
      Bootstrap.tellFailure(refusal)
      _exit(Bootstrap.failureCode)
    case .openLink: openLinkToParent()
    case .ready, .outcome, .goodbye, .events, .log, .welcome: break
    }
  }
}

/// Writes a line without the buffers of the C library, which a dying process may not flush.
func writeToStandardError(_ line: String) {
  var bytes = Array(line.utf8)
  bytes.append(UInt8(ascii: "\n"))
  bytes.withUnsafeBytes { _ = try? Descriptors.writeQuietly(STDERR_FILENO, $0) }
}
