internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeWire

extension NodeRuntime {
  /// Notes something that happened to a child.
  func emit(_ kind: LifecycleEvent.Kind, about child: AnyChild) {
    let event = LifecycleEvent(
      sequence: 0, time: loop.timers.wallTime, node: child.name, path: child.path, pid: child.pid,
      parentPID: identity.pid, incarnation: child.declaration.incarnation,
      host: child.declaration.hostName, kind: kind)
    events.emit(event, about: child.declaration.path)
  }

  /// Notes something that happened to this node itself.
  func emitOwn(_ kind: LifecycleEvent.Kind) {
    let event = LifecycleEvent(
      sequence: 0, time: loop.timers.wallTime, node: identity.name, path: identity.path.description,
      pid: identity.pid, parentPID: identity.parent?.pid, incarnation: identity.incarnation,
      host: identity.placement?.name, kind: kind)
    events.emit(event, about: identity.path)
  }

  /// Takes the events of a child's subtree.
  ///
  /// An event that the child reports about itself is numbered here; a child cannot speak of nodes
  /// that are not below it.
  func receiveEvents(_ records: [[UInt8]], from child: AnyChild) {
    for bytes in records {
      do throws(WireError) {
        let kind = try events.receive(
          bytes, from: child.declaration.path, incarnation: child.incarnation)
        switch kind {
        case .up: controller(of: child)?.onUp?(true)
        case .down: controller(of: child)?.onUp?(false)
        default: break
        }
      } catch {
        emit(.messageRejected(reason: error.description), about: child)
      }
    }
  }

  /// Notes the end of every node that was below one which died without a report.
  func loseDescendants(of child: AnyChild) {
    for (path, node) in events.picture.nodes(below: child.declaration.path) {
      let event = LifecycleEvent(
        sequence: 0, time: loop.timers.wallTime, node: node.name, path: node.path, pid: node.pid,
        parentPID: node.parentPID, incarnation: node.incarnation, host: node.host, kind: .lost)
      events.deliver(event, about: path)
    }
  }

  /// Sends a report of progress up, or holds it back when they come too fast.
  func report(_ report: ProgressReport) {
    let now = loop.timers.now
    if let report = reports.offer(report, at: now) { return emitOwn(.reported(report)) }
    guard !isReportTimerArmed else { return }
    isReportTimerArmed = true
    _ = loop.timers.schedule(after: ReportThrottle.period) { [unowned self] in
      isReportTimerArmed = false
      flushReports()
    }
  }

  /// Sends the report that was held back.
  func flushReports() {
    if let report = reports.takeHeld() { emitOwn(.reported(report)) }
  }

  // MARK: Log records

  /// Takes log records of a child's subtree: the root logs them, others pass them on.
  func receiveLog(_ records: [[UInt8]]) {
    guard identity.isRoot else { return log.append(records) }
    for bytes in records { (try? LogRecord(packed: bytes))?.logHere() }
  }
}
