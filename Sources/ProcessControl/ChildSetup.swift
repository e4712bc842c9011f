import Glibc
import ProcessTreeCProcessShims

/// What a child that was started by re-exec does about itself first thing.
package enum ChildSetup {
  /// Notes how this process was started: to be called first thing, in the root as well.
  ///
  /// What it executes later starts likewise, although this process changes some of it for itself: the
  /// limit on open files, and which signals are blocked. An ignored SIGCHLD is not handed on, and not
  /// kept: the kernel would lose the status of every executed child.
  package static func noteOrigin() { pt_origin_note() }

  /// Takes the tag, dies with its parent from now on, adopts orphans, closes all but 0 to 3.
  ///
  /// To be called on the main thread before anything else. Throws `parentGone` if the parent is not
  /// `parentPID` any more; the child should then end.
  package static func adopt(tag: RunTag, parentPID: Int32) throws(ProcessControlError) {
    let error = pt_die_with_parent(parentPID)
    guard error != ESRCH else {
      throw ProcessControlError(
        .parentGone, call: "getppid", "process \(parentPID) has ended; end this process too")
    }
    guard error == 0 else { throw .system("prctl(PR_SET_PDEATHSIG)", error) }
    try tag.install()
    // Had to survive the exec; programs that this one starts must not inherit the death pipe.
    try? Descriptors.setCloseOnExec(3)
    pt_close_from(4)
    becomeSubreaper()
    pt_reseed()
  }

  /// Makes this process the parent of orphans among its descendants.
  package static func becomeSubreaper() {
    // Cannot fail on the kernels that have pidfds.
    _ = pt_become_subreaper()
  }
}
