internal import ProcessTreeProcessControl

extension NodeRuntime {
  /// Puts the run into a control group of its own before its first process, if the root wants one.
  func contain() throws(ProcessTreeError) {
    guard identity.isRoot, nodes == nil, !isContained else { return }
    let mode = shared.configuration.controlGroup
    guard mode != .off else { return }
    do throws(ProcessControlError) {
      try ControlGroup.enter(
        run: identity.run, helper: place == nil ? nil : forkServer?.pid)
    } catch {
      guard mode == .whereAvailable else {
        throw ProcessTreeError(
          .controlGroupUnavailable,
          "The run cannot have a control group: \(error). Run it in a group that its user may "
            + "change, such as by systemd-run --user --scope -p Delegate=yes, or do not require one."
        )
      }
    }
    isContained = true
  }
}
