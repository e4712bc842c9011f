internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire
internal import Synchronization

extension LoopBound<NodeRuntime> {
  /// Starts a child and waits until it is ready; throws when it will never be, or when the time is
  /// over, in which case the child has been reaped.
  func waitForReady(_ child: AnyChild, timeout: Duration? = nil) async throws {
    try await run { try $0.begin(child) }
    let isInTime = await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
        perform { runtime in
          guard let controller = runtime.controller(of: child) else {
            return continuation.resume(returning: true)
          }
          controller.whenReady(within: timeout) { continuation.resume(returning: $0) }
        }
      }
    } onCancel: {
      child.request(.terminate, reason: "the task that was starting it was cancelled")
    }
    if Task.isCancelled {
      _ = try? await waitForExit(of: child, timeout: nil, isShielded: true)
      throw CancellationError()
    }
    if let timeout, !isInTime {
      child.request(.kill, reason: "it was not ready in time")
      _ = try await waitForExit(of: child, timeout: nil, isShielded: true)
      throw ProcessTreeError(
        .deadlinePassed,
        "\(child.name) was not ready after \(timeout), and has been ended.")
    }
    guard let report = child.exitReport, case .couldNotStart = report.cause else { return }
    throw ChildFailure(report)
  }

  /// Starts a child without waiting for it; `ended` is called on the loop once it has been reaped.
  func launch(_ child: AnyChild, ended: @escaping @Sendable () -> Void) async throws {
    try await child.withExclusiveStart {
      try await run { runtime in
        try runtime.begin(child)
        guard let controller = runtime.controller(of: child) else { return ended() }
        _ = controller.whenExited(timeout: nil) { _ in ended() }
      }
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
      try await waitLonger(for: child, timeout: timeout, isShielded: isShielded)
    }
  }

  private func waitLonger(
    for child: AnyChild, timeout: Duration?, isShielded: Bool
  ) async throws -> ExitReport? {
    let waiter = WaiterID()
    let report = await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<ExitReport?, Never>) in
        guard isShielded || !Task.isCancelled else { return continuation.resume(returning: nil) }
        perform { $0.await(child, timeout: timeout, waiter, continuation) }
      }
    } onCancel: {
      guard !isShielded else { return }
      // Behind the registration, which is in the loop's hands by now or is never made.
      loop.perform {
        waiter.isCancelled = true
        guard let number = waiter.number else { return }
        self.value.controller(of: child)?.cancelWaiter(number)
      }
    }
    if report == nil, !isShielded { try Task.checkCancellation() }
    return report
  }
}

extension NodeRuntime {
  /// Registers somebody who waits for a child's end.
  fileprivate func await(
    _ child: AnyChild, timeout: Duration?, _ waiter: WaiterID,
    _ continuation: UnsafeContinuation<ExitReport?, Never>
  ) {
    if let report = child.exitReport { return continuation.resume(returning: report) }
    guard !waiter.isCancelled else { return continuation.resume(returning: nil) }
    if let controller = controller(of: child) {
      waiter.number = controller.whenExited(timeout: timeout) {
        continuation.resume(returning: $0)
      }
    } else if child.state.withLock(\.wasStarted) {
      // Its start is on its way to the loop.
      _ = loop.timers.schedule(after: .milliseconds(1)) { [unowned self] in
        self.await(child, timeout: timeout, waiter, continuation)
      }
    } else {
      continuation.resume(returning: nil)
    }
  }

  /// Begins the life of a child.
  func begin(_ child: AnyChild) throws {
    guard shared.startsChildren else {
      child.state.withLock { $0.wasStarted = false }
      throw ProcessTreeError(
        .nodeEnding, "\(identity.name) is ending and starts no more children.")
    }
    let controller = ChildController(
      child, tag: RunTag(run: identity.run.runID, node: try RunTag.randomNodeID()),
      credentials: Credentials(
        runSecret: runSecret, token: try randomBytes(Credentials.length)),
      in: self)
    watchMemory()
    add(controller)
    controller.handle(.start)
    if let early = child.state.withLock({ $0.earlyStop.take() }) {
      controller.stop(from: early.step, early.request)
    }
  }
}

/// The number of a waiter, told to its cancellation handler; touched on the loop alone.
private final class WaiterID: @unchecked Sendable {
  var number: UInt64?
  /// The task was cancelled before it was registered.
  var isCancelled = false
}
