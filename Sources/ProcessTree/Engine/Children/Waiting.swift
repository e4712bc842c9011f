internal import ProcessTreeLinks
internal import ProcessTreeSupervision

extension LoopBound<NodeRuntime> {
  /// Starts a child and waits until it is ready; throws when it will never be, or when the time is
  /// over, in which case the child has been reaped.
  func waitForReady(_ child: AnyChild, timeout: Duration? = nil) async throws {
    try await child.begin { _ in }
    let isInTime = await withTaskCancellationHandler {
      await noting(.start, within: timeout, { [child.subject] }) {
        await wait(isShielded: true) { (wait: LoopBound<Wait<Void>>) in
          guard let controller = value.controller(of: child), !controller.life.wasReady else {
            return wait.value.end(())
          }
          wait.value.join(controller.readyWaiters, within: timeout)
        } != nil
      }
    } onCancel: {
      child.request(.terminate, reason: "the task that was starting it was cancelled")
    }
    if Task.isCancelled {
      _ = try? await waitForExit(of: child, timeout: nil, isShielded: true)
      throw CancellationError()
    }
    if let timeout, !isInTime {
      let account = try? await run { $0.controller(of: child)?.startAccount }
      child.request(.kill, reason: "it was not ready in time")
      _ = try await waitForExit(of: child, timeout: nil, isShielded: true)
      throw ProcessTreeError(
        .deadlinePassed,
        "\(child.name) was not ready after \(timeout), and has been ended: "
          + "\((account ?? nil) ?? "its start had been requested").")
    }
    guard let report = child.exitReport, case .couldNotStart = report.cause else { return }
    throw ChildFailure(report)
  }

  /// Starts a child without waiting for it; `ended` is called on the loop once it has been reaped.
  func launch(_ child: AnyChild, ended: @escaping @Sendable () -> Void) async throws {
    try await child.begin { runtime in
      guard let controller = runtime.controller(of: child) else { return ended() }
      controller.exitWaiters.add(within: nil) { _ in ended() }
    }
  }

  /// Waits until a child has been reaped; nil when the time is over first.
  ///
  /// - Parameter isShielded: Whether the wait goes on when the task is cancelled.
  func waitForExit(
    of child: AnyChild, timeout: Duration?, isShielded: Bool = false
  ) async throws -> ExitReport? {
    if let report = child.exitReport { return report }
    if let timeout, timeout <= .zero { return nil }
    return try await lendingSlot {
      let report = await noting(.end, within: timeout, { [child.subject] }) {
        await wait(isShielded: isShielded) { (wait: LoopBound<Wait<ExitReport>>) in
          withController(of: child) { _, controller in
            guard let controller else { return wait.value.end(child.exitReport) }
            wait.value.join(controller.exitWaiters, within: timeout)
          }
        }
      }
      if report == nil, !isShielded { try Task.checkCancellation() }
      return report
    }
  }

  /// Calls `body` on the loop with what the node keeps of a child: nil before its start and after
  /// its end.
  ///
  /// A start that another thread has requested may be in the loop's queue still; then `body`
  /// follows it.
  func withController(
    of child: AnyChild, _ body: @escaping @Sendable (NodeRuntime, ChildController?) -> Void
  ) {
    perform { runtime in
      let controller = runtime.controller(of: child)
      guard controller == nil, child.isAlive else { return body(runtime, controller) }
      loop.perform { body(value, value.controller(of: child)) }
    }
  }
}
