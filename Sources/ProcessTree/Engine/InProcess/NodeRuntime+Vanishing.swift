internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeSupervision

extension NodeRuntime {
  /// Takes its sockets, its children and its program's task away from a node that is over although
  /// its memory is not; the rest of its program sees the cancellation and reaches nobody.
  func vanish() {
    guard !hasVanished else { return }
    hasVanished = true
    // What its program opens from now on leads nowhere.
    context.station?.isGone = true
    endExchange()
    renewal?.end()
    shared.stopStartingChildren()
    ending.cancelProgram?()
    parent?.close()
    listeners.close()
    channels?.close()
    let request = identity.stopRequest(because: "\(identity.name) has ended")
    for supervisor in supervisors { supervisor.stopAll(request, within: .zero) }
    for controller in controllers.values { try? controller.process?.send(SIGKILL) }
    commands.stopAll(within: .zero)
    slots?.release()
    events.finishAll()
  }
}
