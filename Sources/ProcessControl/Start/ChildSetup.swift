import Glibc
import ProcessTreeCProcessShims

/// The first steps of a re-executed child.
package enum ChildSetup {
  /// Notes how this process was started; call it first, in the root too.
  ///
  /// Processes that this one executes later start with the same limit on open files and the same
  /// signals ignored or blocked, although this process changes them for itself. An ignored SIGCHLD
  /// is neither kept nor passed on, because the kernel would discard the status of every executed
  /// child.
  package static func noteOrigin() { pt_origin_note() }

  /// Sets tag and parent-death signal, adopts orphans, and closes all descriptors from 4 on.
  ///
  /// Call it on the main thread before anything else.
  ///
  /// - Throws: `parentGone` if `parentPID` is no longer the parent; the child should then end.
  package static func adopt(tag: RunTag, parentPID: Int32) throws(ProcessControlError) {
    let error = pt_die_with_parent(parentPID)
    guard error != ESRCH else {
      throw ProcessControlError(
        .parentGone, call: "getppid", "process \(parentPID) has ended; end this process too")
    }
    guard error == 0 else { throw .system("prctl(PR_SET_PDEATHSIG)", error) }
    try tag.install()
    // It had to survive the exec, but programs started here must not inherit the death pipe.
    try? Descriptors.setCloseOnExec(3)
    pt_close_from(4)
    becomeSubreaper()
    pt_reseed()
  }

  /// Makes this process outlive the one that has started it, which only connects it to others.
  package static func outliveParent() { pt_outlive_parent() }

  /// Makes this process adopt the orphans among its descendants.
  package static func becomeSubreaper() {
    // This cannot fail on kernels that have pidfds.
    _ = pt_become_subreaper()
  }
}
