import Glibc
import ProcessTreeCProcessShims

extension ForkServer {
  /// A message from the helper.
  package enum Reply {
    case started(id: UInt64, ProcessHandle)
    case failed(id: UInt64, errno: Int32)
    /// The helper has ended. Its children continue, perhaps without a reply.
    case lost
  }

  /// Receives the next reply without blocking; `nil` if there is none.
  package func receive() -> Reply? {
    guard fileDescriptor >= 0 else { return .lost }
    var reply = pt_reply()
    var pidfd: Int32 = -1
    switch pt_fork_server_receive(fileDescriptor, &reply, &pidfd) {
    case 0: break
    case EAGAIN: return nil
    default: return .lost
    }
    guard reply.error == 0 else { return .failed(id: reply.id, errno: reply.error) }
    // At a descriptor limit the pidfd is cut off. The pid is safe: the child has exit signal 0, so
    // only this process can reap it.
    if pidfd < 0 { pidfd = pt_pidfd_open(reply.pid) }
    guard pidfd >= 0 else {
      pt_kill_and_reap(reply.pid)
      return .failed(id: reply.id, errno: -pidfd)
    }
    return .started(id: reply.id, ProcessHandle(pid: reply.pid, pidfd: pidfd))
  }
}
