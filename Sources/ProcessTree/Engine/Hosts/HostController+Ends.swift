internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeSupervision
internal import ProcessTreeWire

extension HostController {
  /// The most that the end of a child waits for frames that were relayed before it.
  private static let lastFramesTime: Duration = .seconds(5)

  /// The host has not reported in time that it has started a child.
  func giveUp(_ controller: ChildController) {
    tell(.signal(child: controller.child.declaration.position, SIGKILL))
    controller.handle(.couldNotStart("its host \(name) did not say in time that it has started it"))
  }

  /// A child has been reaped there; its end counts once all that it had sent is here.
  func ended(_ position: UInt32, _ bytes: [UInt8], _ relayed: HostVerb.Relayed) {
    guard let controller = placed[position] else { return }
    let remains =
      (try? HostRemains(packed: bytes))
      ?? HostRemains(
        status: nil, usage: nil, lastWord: nil, lastErrorLines: [], crashAccount: [])
    runtime.listeners.receiveAll(from: controller)
    guard !hasCome(relayed, from: controller) else { return controller.concludePlaced(remains) }
    // They are under way between two processes of this host.
    let timers = runtime.loop.timers
    let deadline = timers.schedule(after: Self.lastFramesTime) { [weak self, weak controller] in
      // The half that had the frames has ended before it passed them on: the child is lost with its
      // host.
      guard self?.isBeingLost != true else { return }
      controller?.concludePlaced(remains)
    }
    controller.onFrame = { [weak self, unowned controller] in
      guard self?.hasCome(relayed, from: controller) != false else { return }
      controller.onFrame = nil
      timers.cancel(deadline)
      // The frame is still being taken, by a socket that the end looks at.
      _ = timers.schedule(after: .zero) { [weak controller] in controller?.concludePlaced(remains) }
    }
  }

  /// Whether as many frames of a child are here as its host has relayed.
  private func hasCome(_ relayed: HostVerb.Relayed, from controller: ChildController) -> Bool {
    let control =
      runtime.listeners.control?.framesCarried(of: controller.child.declaration.position) ?? 0
    return control >= relayed.control && controller.peer?.link.received ?? 0 >= relayed.link
  }

  /// Calls `body` when all that was sent there before has arrived, and what was sent here until
  /// then; or when the host is over.
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

extension ChildController {
  /// Ends the process of a child on another host with the knowledge of its end there.
  fileprivate func concludePlaced(_ remains: HostRemains) {
    onFrame = nil
    placed?.ended(remains)
  }
}
