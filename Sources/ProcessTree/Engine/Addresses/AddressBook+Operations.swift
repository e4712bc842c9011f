internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// Operations on children, which the node that owns them carries out.
extension AddressBook {
  /// An operation whose answer may come at once or later.
  private final class Pending {
    var answer: AddressAnswer?
    var onEnd: ((AddressAnswer) -> Void)?

    func end(_ answer: AddressAnswer) {
      guard self.answer == nil else { return }
      self.answer = answer
      onEnd?(answer)
      onEnd = nil
    }
  }

  /// Carries an operation out on the child that a step stands for; nil if this node has none of the
  /// name.
  ///
  /// A template is no node, and has a name as one: its supervisor knows it.
  func operate(
    _ operation: NodeOperation, on step: NodeAddress.Step, for origin: LookupTable.Origin
  ) -> Course? {
    let name = step.position == nil ? step.name : nil
    if operation.verb == .scale, let name,
      let scaled = scales.first(where: { $0.names.contains(name) })
    {
      return .answered(scaled.answer(name, operation.number))
    }
    if let name, let owner = runtime.supervisors.first(where: { $0.life.names(for: name) != nil }) {
      if operation.verb == .signal { return signal(name, operation, for: origin) }
      return later(for: origin) { owner.operate(operation, on: name, $0) }
    }
    let position = step.position.map { UInt32(clamping: $0) }
    guard case .place(.position(let live)) = names.find(name: step.name, position: position) else {
      return nil
    }
    guard let controller = runtime.controllers[live] else {
      return .answered(.operated(OperationResult(.alreadyEnded)))
    }
    switch operation.verb {
    case .signal: return signal(controller, at: live, operation, for: origin)
    case .waitForUp, .waitForEnd: break
    case .stop, .kill, .start, .restart, .restartWithDependents, .scale:
      guard scales.contains(where: { $0.counts(controller.child.name) }) else { break }
      // Nobody else would fill its place.
      return .answered(
        .failed(
          .notPermitted,
          "\(controller.child.address) is a worker of a stage that keeps its number of workers: "
            + "scale the stage, or end this one by a signal, and another takes its place."))
    }
    return later(for: origin) { controller.operate(operation, $0) }
  }

  private func signal(
    _ name: String, _ operation: NodeOperation, for origin: LookupTable.Origin
  ) -> Course {
    guard let live = names.standing(of: .supervised(name))?.live,
      let controller = runtime.controllers[live]
    else { return .answered(.operated(OperationResult(.alreadyEnded))) }
    return signal(controller, at: live, operation, for: origin)
  }

  /// Lets the child deliver a signal; it knows whether it runs commands.
  private func signal(
    _ controller: ChildController, at position: UInt32, _ operation: NodeOperation,
    for origin: LookupTable.Origin
  ) -> Course {
    // A node that SIGSTOP has stopped could not deliver the signal by which it goes on.
    if Int32(clamping: operation.number) == SIGCONT { try? controller.process?.send(SIGCONT) }
    return pass(AddressQuestion(.root, .operate(operation)), from: origin, to: .child(position))
  }

  private func later(
    for origin: LookupTable.Origin, _ begin: (@escaping (AddressAnswer) -> Void) -> Void
  ) -> Course {
    let pending = Pending()
    begin { pending.end($0) }
    if let answer = pending.answer { return .answered(answer) }
    guard let number = lookups.open(from: origin, to: .own) else {
      return .answered(
        .failed(.queueFull, "\(runtime.identity.address) has too many operations under way."))
    }
    pending.onEnd = { [weak self] answer in
      guard let self, let origin = lookups.answered(number, by: .own) else { return }
      deliver(answer, number, to: origin)
    }
    return .passedOn(number)
  }

  /// Carries out what a node does to itself.
  func operateOnSelf(_ operation: NodeOperation) -> AddressAnswer {
    guard operation.verb == .signal, runtime.nodes == nil else {
      return .failed(
        .notPermitted, "\(runtime.identity.address) is no child that could be changed.")
    }
    let number = Int32(clamping: operation.number)
    let pids = runtime.commands.pids
    guard !pids.isEmpty else {
      guard (1...64).contains(number) else {
        return .operated(OperationResult(.failed, account: "there is no signal \(number)"))
      }
      // The answer leaves first, as the signal may stop or end the process: to a parent on this
      // host with this turn, to another one by libzmq's thread.
      _ = runtime.loop.timers.schedule(after: .milliseconds(10)) { kill(getpid(), number) }
      return .operated(OperationResult(.delivered))
    }
    for pid in pids where kill(pid, number) != 0 {
      let account = "signal \(number): \(String(cString: strerror(errno)))"
      return .operated(OperationResult(.failed, account: account))
    }
    return .operated(OperationResult(.delivered))
  }
}

extension AddressAnswer {
  /// What a caller hears whose time is over.
  fileprivate static func late(_ operation: NodeOperation, _ account: String) -> Self {
    .failed(.deadlinePassed, "It took more than \(operation.time.inShort): \(account).")
  }
}

extension OperationResult {
  fileprivate init(ending report: ExitReport?) {
    let code = report?.exitCode.map { Int($0) }
    self.init(
      report?.exitCode == -SIGKILL ? .killed : .stopped,
      account: report.map { "\($0.cause)" }, exitCode: code)
  }
}

extension SupervisorController {
  /// Carries out an operation on a child, or on the instances of a template.
  fileprivate func operate(
    _ operation: NodeOperation, on name: String, _ answer: @escaping (AddressAnswer) -> Void
  ) {
    do {
      switch operation.verb {
      case .stop, .kill:
        let lives = lives(name)
        try request(.stop(name), because: operation.reason)
        if operation.verb == .kill { killChildren(of: name) }
        guard !lives.isEmpty else { return answer(.operated(OperationResult(.alreadyEnded))) }
        follow(operation, on: name, answer) { controller in
          lives.allSatisfy { controller.hasEnded($0.key, incarnation: $0.value) }
            ? OperationResult(
              ending: lives.keys.first.flatMap { controller.snapshot($0)?.lastExit }) : nil
        }
      case .start:
        try request(.start(name))
        awaitUp(operation, name, answer)
      case .restart:
        let lives = nextLives(name)
        try request(.restart(name), because: operation.reason)
        follow(operation, on: name, answer) { controller in
          lives.allSatisfy { controller.hasReached($0.key, incarnation: $0.value) }
            ? controller.resultOfUp(name) : controller.inability(name).map(Self.result)
        }
      case .restartWithDependents: try restartWithDependents(of: name, operation, answer)
      case .scale:
        try request(.scale(name, to: operation.number), because: operation.reason)
        follow(operation, on: name, answer) { $0.resultOfScale(name) }
      case .waitForUp: awaitUp(operation, name, answer)
      case .waitForEnd:
        follow(operation, on: name, answer) { controller in
          controller.resultOfEnd(name)
        }
      case .signal: answer(.failed(.notPermitted, "A signal goes to the node itself."))
      }
    } catch let error as ProcessTreeError {
      let failure: AddressAnswer.Failure =
        error.code == .noSuchChild ? .noSuchNode : .notPermitted
      answer(.failed(failure, error.message))
    } catch {
      answer(.failed(.unreachable, "\(error)"))
    }
  }

  /// Follows a child and all that depend on it to their next lives.
  private func restartWithDependents(
    of name: String, _ operation: NodeOperation, _ answer: @escaping (AddressAnswer) -> Void
  ) throws {
    let dependents = life.dependents(of: name)
    let names = [name] + dependents
    let lives = names.map { nextLives($0, startingCounts: false) }
    try request(.restartWithDependents(name), because: operation.reason)
    // Any of them may be the last.
    follow(operation, on: nil, answer) { controller in
      for (name, lives) in zip(names, lives) {
        guard lives.allSatisfy({ controller.hasReached($0.key, incarnation: $0.value) }) else {
          return controller.inability(name).map(Self.result)
        }
        guard let result = controller.resultOfUp(name) else { return nil }
        if result.outcome == .failed { return result }
      }
      let others = dependents.prefix(8).joined(separator: ", ")
      return OperationResult(
        .up,
        account: dependents.isEmpty
          ? nil : "with \(others)" + (dependents.count > 8 ? " and others" : ""))
    }
  }

  private func awaitUp(
    _ operation: NodeOperation, _ name: String, _ answer: @escaping (AddressAnswer) -> Void
  ) {
    follow(operation, on: name, answer) { $0.resultOfUp(name) }
  }

  private func follow(
    _ operation: NodeOperation, on name: String?, _ answer: @escaping (AddressAnswer) -> Void,
    until look: @escaping (SupervisorController) -> OperationResult?
  ) {
    let ended: (SupervisorController) -> OperationResult? = { controller in
      look(controller) ?? controller.refusalOfTheEnded.map(Self.result)
    }
    if let result = ended(self) { return answer(.operated(result)) }
    waiters(for: name, until: ended).add(within: operation.time) { [weak self] result in
      guard let result else {
        let isOfEnd = [.stop, .kill, .waitForEnd].contains(operation.verb)
        return answer(.late(operation, self?.delays(name, ofEnd: isOfEnd) ?? "it ended"))
      }
      answer(.operated(result))
    }
  }

  private func resultOfUp(_ name: String) -> OperationResult? {
    guard let result = isUp(name) else { return nil }
    let hasSucceeded = (life.names(for: name) ?? []).allSatisfy {
      life.child($0)?.phase == .succeeded
    }
    if case .success = result { return OperationResult(hasSucceeded ? .succeeded : .up) }
    return Self.result(result)
  }

  /// Where no instance is left, or somebody has had all of them stopped, none is up.
  private func resultOfScale(_ name: String) -> OperationResult? {
    guard let result = isScaled(name) else { return nil }
    guard case .success = result else { return Self.result(result) }
    let phases = Set((life.names(for: name) ?? []).compactMap { life.child($0)?.phase })
    return OperationResult(
      phases.contains(.up) ? .up : phases.contains(.succeeded) ? .succeeded : .stopped)
  }

  private func resultOfEnd(_ name: String) -> OperationResult? {
    let children = (life.names(for: name) ?? []).compactMap(life.child)
    guard children.allSatisfy(\.phase.isEnd) else { return nil }
    let failed = children.first { $0.phase == .failed || $0.phase == .skipped }
    let last = failed ?? children.last
    let code = last.flatMap { snapshot($0.name)?.lastExit?.exitCode }.map { Int($0) }
    let outcome: OperationResult.Outcome =
      failed != nil ? .failed : last?.phase == .succeeded ? .succeeded : .stopped
    return OperationResult(outcome, account: last?.lastEnd, exitCode: code)
  }

  private static func result(_ result: Result<Void, any Error>) -> OperationResult {
    switch result {
    case .success: OperationResult(.up)
    case .failure(let error as ProcessTreeError):
      OperationResult(.failed, account: error.message)
    case .failure(let error): OperationResult(.failed, account: "\(error)")
    }
  }
}

extension ChildController {
  /// Carries out an operation on a child that no supervisor keeps: it has one life.
  fileprivate func operate(
    _ operation: NodeOperation, _ answer: @escaping (AddressAnswer) -> Void
  ) {
    let request = runtime.identity.stopRequest(because: operation.reason)
    switch operation.verb {
    case .stop: handle(.stop(.drain, request, within: nil))
    case .kill: handle(.stop(.kill, request, within: nil))
    case .waitForEnd: break
    case .waitForUp:
      guard !life.wasReady else { return answer(.operated(OperationResult(.up))) }
      readyWaiters.add(within: operation.time) { [weak self] ready in
        guard let self, ready != nil else { return answer(.late(operation, "it is starting")) }
        answer(.operated(OperationResult(life.wasReady ? .up : .failed)))
      }
      return
    case .start, .restart, .restartWithDependents, .scale, .signal:
      return answer(.failed(.notPermitted, "No supervisor keeps \(child.address)."))
    }
    exitWaiters.add(within: operation.time) { report in
      guard let report else { return answer(.late(operation, "it has not ended")) }
      answer(.operated(OperationResult(ending: report)))
    }
  }
}
