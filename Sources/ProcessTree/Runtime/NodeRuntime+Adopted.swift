internal import Glibc
internal import Links
internal import ProcessControl
internal import Wire

extension NodeRuntime {
  /// Ends and reaps what came to this node because another node of the run has died.
  ///
  /// To be called whenever a process of the tree has ended: reparenting comes before its end is
  /// seen, so one look sees all that it left behind. What those leave comes when they end.
  func reapAdopted(includingUnanswered: Bool = false) {
    var known = Set(controllers.values.compactMap { $0.process?.pid })
    if let forkServer { known.insert(forkServer.pid) }
    known.formUnion(adopted.keys)
    for process in AdoptedProcesses.scan(tag: identity.tag, known: known) {
      switch process.origin {
      case .unansweredClone:
        guard includingUnanswered else { continue }
        end(process)
      case .leftBehind:
        emitOwn(.leftBehind(pid: process.handle.pid, command: process.command))
        end(process)
      case .deadNodesForkServer:
        end(process)
      }
    }
  }

  private func end(_ process: AdoptedProcesses.Adopted) {
    let handle = process.handle
    try? handle.send(SIGKILL)
    adopted[handle.pid] = handle
    do {
      try loop.poller.add(handle.pidfd, for: .read) { [unowned self] _ in
        _ = try? handle.reap()
        loop.poller.remove(handle.pidfd)
        handle.close()
        adopted[handle.pid] = nil
        reapAdopted()
        finishIfDone()
      }
    } catch {
      _ = handle.reapSoon()
      adopted[handle.pid] = nil
    }
  }

  /// A child has been reaped and its report made.
  func concluded(_ controller: ChildController, _ report: ExitReport) {
    let child = controller.child
    takeOutput(of: controller, all: true)
    listeners?.control.forget(child.specification.position)
    listeners?.data.forget(child.specification.position)
    if let pid = report.pid { directory.removeSockets(of: pid) }
    loseDescendants(of: child)
    emit(.exited(report), about: child)
    events.finish(child.specification.path)
    remove(controller)
    if report.pid != nil { reapAdopted() }
    childEnded()
  }
}
