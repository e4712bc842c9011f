import Glibc
import ProcessTreeBase
import ProcessTreeCProcessShims

/// A child process, by its pid and a pidfd that this object owns.
///
/// Signals and waits use the pidfd, because the pid may have been reused. The object belongs to one
/// thread.
package final class ProcessHandle {
  /// The pid, for display; it may be reused once the process has been reaped.
  package let pid: Int32
  private var descriptor: Descriptor?

  /// The pidfd, lent: readable once the process has ended; -1 once closed.
  package var pidfd: Int32 { descriptor?.number ?? -1 }

  /// Takes the pidfd over.
  init(pid: Int32, pidfd: Int32) {
    self.pid = pid
    descriptor = Descriptor(owning: pidfd)
  }

  /// Opens a handle by pid.
  ///
  /// Use it only for a child that no other code reaps: any other pid may have been reused.
  package convenience init(pid: Int32) throws(ProcessControlError) {
    let pidfd = pt_pidfd_open(pid)
    guard pidfd >= 0 else { throw .system("pidfd_open", -pidfd) }
    self.init(pid: pid, pidfd: pidfd)
  }

  /// Whether the process has ended, reaped or not.
  package var hasEnded: Bool { pidfd < 0 || pt_pidfd_ended(pidfd, 0) != 0 }

  /// Waits on this thread until the process has ended or the time is over.
  package func waitForEnd(milliseconds: Int32) { _ = pt_pidfd_ended(pidfd, milliseconds) }

  /// Sends a signal.
  ///
  /// - Throws: `noSuchProcess` once it has been reaped, and `systemCall` with `EPERM` for a process
  ///   that has gained rights.
  package func send(_ signal: Int32) throws(ProcessControlError) {
    let error = pt_pidfd_signal(pidfd, signal)
    guard error == 0 else { throw .system("pidfd_send_signal", error) }
  }

  /// Reaps the process if it has ended, without blocking.
  ///
  /// - Returns: The status and usage; `nil` while the process runs.
  /// - Throws: `noSuchProcess` if it was reaped before or is not a child of this process.
  package func reap() throws(ProcessControlError) -> Reaped? {
    var exit = pt_exit()
    let error = pt_reap(pidfd, &exit)
    guard error == 0 else { throw .system("waitid", error) }
    let status: ExitStatus
    switch exit.code {
    case 0: return nil
    case Int32(CLD_EXITED): status = .exited(exit.status)
    case Int32(CLD_DUMPED): status = .signaled(exit.status, coreDumped: true)
    default: status = .signaled(exit.status, coreDumped: false)
    }
    return Reaped(status: status, usage: ResourceUsage(exit))
  }

  /// Closes the pidfd before the object ends.
  package func close() { descriptor = nil }
}
