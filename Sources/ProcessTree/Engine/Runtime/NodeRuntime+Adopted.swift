internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

extension NodeRuntime {
  /// Ends and reaps what came to this node because another node of the run has died.
  ///
  /// To be called whenever a process of the tree has ended: reparenting comes before its end is
  /// seen, so one look sees all that it left behind. What those leave comes when they end.
  func reapAdopted(includingUnanswered: Bool = false) {
    // Among nodes that share a process, nobody knows whose an orphan was.
    guard nodes == nil else { return }
    guard includingUnanswered || AdoptedProcesses.mayBeThere else { return }
    for process in AdoptedProcesses.scan(tag: identity.tag, known: knownProcesses) {
      switch process.origin {
      case .unansweredClone:
        guard includingUnanswered else { continue }
        end(process)
      case .leftBehind(let tag):
        // What a command has sent into the background is a part of it as long as it runs.
        if commands.isRunning(tag), !process.handle.hasEnded { continue }
        // One that has ended by itself has only to be reaped, and an orphaned node, which is ending
        // with its parent, is reported as lost.
        if !process.handle.hasEnded,
          !events.picture.hasNode(
            withPID: process.handle.pid, on: identity.placement?.name)
        {
          emitOwn(.leftBehind(pid: process.handle.pid, command: process.command))
        }
        end(process)
      case .deadNodesForkServer:
        // In most cases it has ended with its node.
        if (try? process.handle.reap()) == nil { end(process) }
      }
    }
  }

  /// The children of this process that somebody else reaps.
  var knownProcesses: Set<Int32> {
    // The number of a process of another host means nothing here.
    var known = Set(controllers.values.compactMap { $0.host == nil ? $0.process?.pid : nil })
    if let forkServer { known.insert(forkServer.pid) }
    known.formUnion(adopted.keys)
    known.formUnion(commands.pids)
    return known
  }

  private func end(_ process: AdoptedProcesses.Adopted) {
    let handle = process.handle
    try? handle.send(SIGKILL)
    adopted[handle.pid] = handle
    do {
      try loop.whenEnded(handle) { [unowned self] in
        // One that somebody else has reaped is gone as well.
        do { guard try handle.reap() != nil else { return false } } catch {}
        handle.close()
        ringForSlot()
        directory.removeSockets(of: handle.pid)
        adopted[handle.pid] = nil
        lookForRemains()
        return true
      }
    } catch {
      _ = handle.reapSoon()
      adopted[handle.pid] = nil
    }
  }

  /// Signals to nodes that wait for a place under the tree's limit that a process of the tree has
  /// been reaped, which may have held one.
  private func ringForSlot() {
    if shared.configuration.treeLimit != nil { directory.slotBell.ring() }
  }

  /// How long the end of a child or a command is held back for what it left behind, which has been
  /// killed.
  private static let clearingTime: Duration = .seconds(2)

  /// Removes what a child that has been reaped left, then calls `announce`: when somebody hears of
  /// the end, no process of the child's is there any more.
  func clearRemains(of controller: ChildController, then announce: @escaping () -> Void) {
    let child = controller.child.declaration
    listeners.forget(child.position)
    // What a child on another host left has been cleared there.
    guard nodes == nil, controller.host == nil, controller.process != nil else {
      return announce()
    }
    ringForSlot()
    whenClear(announce)
  }

  /// Calls `announce` once what a process that has been reaped left behind has been found and
  /// reaped, for which it waits a short time at most.
  func whenClear(_ announce: @escaping () -> Void) {
    guard nodes == nil else { return announce() }
    announcements.append(announce)
    lookForRemains()
  }

  private func lookForRemains() {
    mayHaveRemains = true
    loop.turnAgain()
  }

  /// Looks for what those left behind that ended in the turn before: one look for all of them,
  /// because it costs the more the more children there are.
  func clearRemains() {
    guard mayHaveRemains else { return }
    mayHaveRemains = false
    reapAdopted()
    let new = announcements
    announcements = []
    guard adopted.isEmpty else {
      for announce in new { clearWaiters.add(within: Self.clearingTime) { _ in announce() } }
      return
    }
    clearWaiters.resume(())
    for announce in new { announce() }
  }

  /// Removes the sockets of the children whose ends the program has heard of by now.
  func removeSocketsOfDeparted() {
    guard !departed.isEmpty else { return }
    let gone = departed
    departed = []
    guard gone.allSatisfy(\.saidGoodbye) else {
      return directory.removeSocketsOfTheDead(of: identity.run)
    }
    // A pid may have become another node's.
    for (pid, _) in gone where directory.isGone(pid, from: identity.run) {
      directory.removeSockets(of: pid)
    }
  }

  /// A child's end has been made known.
  func concluded(_ controller: ChildController, _ report: ExitReport) {
    let child = controller.child
    let saidGoodbye = controller.life.saidGoodbye
    if nodes == nil, let pid = report.pid, controller.host == nil || !saidGoodbye {
      departed.append((pid, saidGoodbye))
      loop.turnAgain()
    }
    controller.host?.ended(child)
    controller.keeps?.keeperEnded(report, child.state.withLock(\.outcome))
    loseDescendants(of: child)
    emit(.exited(report), about: child)
    events.finish(child.declaration.path)
    remove(controller)
    addresses.ended(child.declaration, report)
  }
}
