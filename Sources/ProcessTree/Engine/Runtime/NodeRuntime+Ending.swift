internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// What the end of a node needs beside its life.
struct NodeEnding {
  /// The fault in the books of a channel, if there is one.
  var unbalanced: String?
  /// Called when the loop has nothing more to do.
  var onFinished: (() -> Void)?
  /// Ends the program's task.
  var cancelProgram: (() -> Void)?
}

extension NodeRuntime {
  // MARK: Decisions and their effects

  /// Requests this node to stop: the program first, then the children, the last started first.
  ///
  /// - Parameter budget: The time for the whole subtree; nil takes the configuration's policy.
  func requestStop(_ request: StopRequest, within budget: Duration? = nil, signal: Int32? = nil) {
    let policy = policy(within: budget)
    hooks.limit(to: loop.timers.now.after(policy.total))
    handle(.stop(request, within: policy, signal: signal))
  }

  private func policy(within budget: Duration?) -> StopPolicy {
    budget.map { StopPolicy.within(budget: $0) } ?? shared.configuration.stopPolicy
  }

  func programEnded(_ outcome: RecordedOutcome) {
    let isFailure = outcome.exitCode != 0 && life.phase == .running && life.stopRequest == nil
    guard let recorder, isFailure else {
      return handle(.programEnded(outcome, isResult: outcome.isResult))
    }
    // The children are stopped next: what they wait for is asked before.
    let bound = LoopBound(self, on: loop)
    recorder.collect("when the root's program failed") {
      bound.perform { $0.handle(.programEnded(outcome, isResult: outcome.isResult)) }
    }
  }

  /// Ends the node because it lacks what its connections need.
  func giveUp(_ error: any Error) {
    writeToStandardError("\(identity.name): \(error)")
    handle(
      .gaveUp(
        .failure(RemoteFailure(error, at: identity.name)),
        identity.stopRequest(because: "\(error)"), within: policy(within: nil)))
  }

  func handle(_ input: NodeLife<RecordedOutcome>.Input) {
    guard !hasVanished else { return }
    let before = (life.phase, life.stopRequest)
    let actions = life.handle(input)
    if before != (life.phase, life.stopRequest) { endingSince = loop.timers.now }
    shared.publish(life.stopRequest)
    for action in actions { perform(action) }
  }

  private func perform(_ action: NodeLife<RecordedOutcome>.Action) {
    switch action {
    case .drain(let request, let time):
      begin(NodeDrain(request, until: loop.timers.now.after(time)))
    case .cancelProgram: ending.cancelProgram?()
    case .cleanUp: cleanUp()
    case .startNoMore: shared.stopStartingChildren()
    case .flushReports: flushReports()
    case .endChannels(let abandoning):
      addresses.endMonitors()
      // It asks the parent for receipts until all messages have one.
      if let messages = parent?.edge.sender(.messages), !messages.isSettled {
        messages.whenSettled {}
      }
      abandoning ? channels?.abandon() : channels?.beginEnding()
    case .stopChildren(let request, let onlyDaemons, let policy):
      // Those have an order of their own, within the same time.
      if !onlyDaemons {
        for supervisor in supervisors { supervisor.stopAll(request, within: policy?.total) }
      }
      for (_, controller) in controllers.sorted(by: { $0.key > $1.key })
      where controller.supervisor == nil && (!onlyDaemons || controller.child.isDaemon) {
        // What runs on a host ends before the connection to it.
        if controller.keeps?.endsLater(request, within: policy) == true { continue }
        controller.handle(.stop(.drain, request, within: policy))
      }
    case .stopCommands: commands.stopAll(within: commandGrace)
    case .sendOutcome(let outcome): send(outcome)
    case .reportWhoIsWaitedFor: reportWhoIsWaitedFor()
    case .closeDown: closeDown()
    case .sayGoodbye: sayGoodbye()
    case .cutTie:
      guard nodes == nil else { return }
      parent?.tie?.cut()
    case .arm(let deadline, let time):
      _ = loop.timers.schedule(after: time) { [unowned self] in handle(.deadlinePassed(deadline)) }
    case .finish: ending.onFinished?()
    }
  }

  /// Goes on with the end as far as what it waits for has come about; looked at in each turn.
  func advance() {
    var before: NodeLife<RecordedOutcome>.Phase
    repeat {
      before = life.phase
      switch before {
      case .ended: lookAtChannels()
      case .reported:
        if controllers.isEmpty, adopted.isEmpty, commands.isEmpty { handle(.nothingBelow) }
      case .flushing: if parent?.edge.isDrained ?? true { handle(.flushed) }
      case .running, .cleaning, .leaving, .finished: break
      }
    } while life.phase != before
  }

  private func lookAtChannels() {
    // Elements of a program that has returned are unaccounted for, or were given up unnoticed.
    let fault = life.outcome?.isResult == true ? channels.flatMap(fault) : nil
    handle(
      .channels(
        areSettled: channels?.isSettled ?? true,
        messagesArrived: parent?.edge.sender(.messages).isSettled ?? true,
        fault: fault.map { .failure(RemoteFailure($0, at: identity.name)) }))
    if let fault, life.phase != .ended { writeToStandardError("\(identity.name): \(fault)") }
  }

  private func fault(of channels: ChannelHub) -> (any Error)? {
    ending.unbalanced.map { WireError($0) } ?? channels.quarantineFault
  }

  /// Writes for whom a root waits that has nothing else to do any more.
  private func reportWhoIsWaitedFor() {
    let waited = shared.liveChildren.filter { !$0.isDaemon }
    guard let first = waited.first else { return }
    let names = waited.prefix(3).map { "\($0.name) (pid \($0.pid ?? 0))" }
    let others = waited.count > names.count ? " and \(waited.count - names.count) more" : ""
    writeToStandardError(
      "\(identity.name): the program has returned and waits for \(names.joined(separator: ", "))"
        + "\(others) to end; Ctrl-C stops \(waited.count == 1 ? first.name : "them").")
  }

  // MARK: To the parent

  private func send(_ outcome: RecordedOutcome) {
    guard let parent else { return }
    switch outcome {
    case .result(let bytes) where bytes.count <= WireLimits.inlinePayload:
      parent.send(.outcome(.result(bytes)))
    case .result(let bytes):
      do {
        try parent.edge.sender(.payload).post(bytes)
        parent.send(.outcome(.resultOnLink))
      } catch {
        send(.failure(RemoteFailure(error, at: identity.name)))
      }
    case .failure(let failure):
      parent.send(.outcome(.failure(failure.encoded())))
    case .exit(let code): parent.send(.outcome(.exit(code)))
    case .cancelled: parent.send(.outcome(.cancelled))
    }
  }

  private func closeDown() {
    if !identity.isRoot {
      removeSocketsOfDeparted()
      commands.errors.flush()
      fflush(nil)
      forkServer?.dismiss()
    }
    events.finishAll()
  }

  private func sayGoodbye() {
    guard let parent else { return }
    parent.send(events: events.takeOutgoing(), log: log.take(at: identity.name))
    parent.send(
      .goodbye(exitCode: life.outcome?.exitCode ?? 1, linkFrames: parent.framesSent))
  }

  /// Ends without waiting for the reply to the goodbye, where nothing is left for which this
  /// process has to live: its frames are in the kernel, and no link is open.
  func leaveIfHandedOver() {
    guard life.phase == .leaving, channels == nil, parent?.hasHandedOver == true else { return }
    handle(.released)
  }

  // MARK: Messages of the parent

  /// Takes a control message of the parent.
  func receiveFromParent(_ message: ControlMessage) {
    switch message {
    case .stop(let stop):
      requestStop(StopRequest(stop), within: .milliseconds(max(0, stop.milliseconds)))
    case .drain(let stop):
      handle(
        .drain(StopRequest(stop), within: .milliseconds(max(0, stop.milliseconds))))
    case .goodbyeAcknowledged: handle(.released)
    case .rejected(_, let reason):
      emitOwn(.messageRejected(reason: reason))
    case .refused(let refused):
      // Without a parent that listens there is nothing to run for.
      let refusal = "The parent refused the connection: \(refused.reason)"
      writeToStandardError("\(identity.name): \(refusal)")
      guard nodes == nil else { return handle(.released) }
      Bootstrap.tellFailure(refusal)
      _exit(Bootstrap.failureCode)
    case .openLink: openLinkToParent()
    case .lookUp(let number, let question):
      addresses.receive(question: question, number: number, from: .parent)
    case .found(let number, let answer):
      addresses.receive(answer: answer, number: number, from: .parent)
    case .pass(let connector, let listener, let pass):
      hand(pass, from: connector, to: listener)
    case .ready, .outcome, .goodbye, .events, .log, .renewal, .welcome, .passWanted: break
    }
  }
}

/// Writes a line without the buffers of the C library, which a dying process may not flush.
func writeToStandardError(_ line: String) {
  var bytes = Array(line.utf8)
  bytes.append(UInt8(ascii: "\n"))
  bytes.withUnsafeBytes { _ = try? Descriptors.writeQuietly(STDERR_FILENO, $0) }
}
