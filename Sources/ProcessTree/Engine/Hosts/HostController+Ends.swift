internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeSupervision
internal import ProcessTreeWire

extension HostController {
  /// The most that the end of a child waits for frames that were relayed before it.
  private static let lastFramesTime: Duration = .seconds(5)

  /// A child has been reaped there; its end counts once all that it had sent is here.
  func ended(_ position: UInt32, _ bytes: [UInt8], _ relayed: HostVerb.Relayed) {
    guard let controller = placed[position] else { return }
    let remains =
      (try? HostRemains(packed: bytes))
      ?? HostRemains(
        status: nil, usage: nil, lastWord: nil, lastErrorLines: [], crashAccount: [])
    conclude(
      controller, remains, relayed, until: runtime.loop.timers.now.after(Self.lastFramesTime))
  }

  private func conclude(
    _ controller: ChildController, _ remains: HostRemains, _ relayed: HostVerb.Relayed,
    until deadline: SuspendingClock.Instant
  ) {
    guard let process = controller.placed, !process.hasEnded else { return }
    runtime.listeners.receiveAll(from: controller)
    let position = controller.child.declaration.position
    let control = runtime.listeners.control?.framesCarried(of: position) ?? 0
    let link = controller.peer?.link.received ?? 0
    guard control < relayed.control || link < relayed.link, runtime.loop.timers.now < deadline
    else { return process.ended(remains) }
    // They are under way between two processes of this host.
    _ = runtime.loop.timers.schedule(after: .milliseconds(1)) { [weak self, weak controller] in
      guard let self, let controller else { return }
      conclude(controller, remains, relayed, until: deadline)
    }
  }

  /// Calls `body` when all that was sent there before has arrived, and what was sent here until then; or when the
  /// host is over.
  func flush(then body: @escaping () -> Void) {
    guard !isOver else { return body() }
    let number = Int64(barriers.keys.max() ?? 0) + 1
    barriers[number] = body
    tell(.barrier(number))
  }

  // MARK: Stops of the whole run

  /// Has all that runs there stop, before this process and the near half do.
  func suspend(then body: @escaping () -> Void) {
    onSuspended = body
    watch.suspended(at: .sinceBoot)
    tell(.suspend)
  }

  func suspended() {
    let body = onSuspended
    onSuspended = nil
    body?()
  }

  /// Has all that runs there go on.
  func resume() {
    onSuspended = nil
    // The near half may answer a question that came meanwhile before it hears this.
    watch.suspended(at: .sinceBoot)
    tell(.resume)
  }

  func resumed() {
    if onSuspended == nil { watch.resumed(at: .sinceBoot) }
  }
}
