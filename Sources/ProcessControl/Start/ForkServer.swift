import Glibc
import ProcessTreeBase
import ProcessTreeCProcessShims

/// A helper process that clones children for this process.
///
/// It is made before any thread exists and never starts one, so its clones are sound programs,
/// unlike a fork of a running Swift program. The children are this process's own from their first
/// instruction. They and the helper have exit signal 0, which hides them from other code's
/// `waitpid(-1)` and from an ignored SIGCHLD.
///
/// Use it on one thread.
package final class ForkServer {
  /// The process in which `start(run:)` returns.
  package enum Role {
    /// The caller, with its new helper.
    case node(ForkServer)
    /// A child that the helper has cloned, with a helper of its own if that was requested.
    case child(ForkServer?)
  }

  /// What children need that their helper can do for them.
  package struct Needs {
    /// Whether the child is expected to open links.
    package var hasLinks: Bool
    /// The name of its program, by which it finds the type; empty if there is nothing to find.
    package var program: String

    package init(hasLinks: Bool = false, program: String = "") {
      self.hasLinks = hasLinks
      self.program = program
    }
  }

  /// Called in the helper with a child's needs.
  package typealias Preparation =
    @convention(c) (
      _ hasLinks: Int32, _ program: UnsafePointer<CChar>
    ) -> Void

  /// The helper; the caller reaps it after `close()` or `Reply.lost`.
  package let process: ProcessHandle
  private var socket: Descriptor?

  /// The socket, lent: readable if `receive()` has a reply; -1 once closed.
  package var fileDescriptor: Int32 { socket?.number ?? -1 }

  private init(_ server: pt_fork_server) {
    process = ProcessHandle(pid: server.pid, pidfd: server.pidfd)
    socket = Descriptor(owning: server.socket)
  }

  deinit { close() }

  package var pid: Int32 { process.pid }
  package var pidfd: Int32 { process.pidfd }

  /// Makes the helper; call it on the main thread while there is no other.
  ///
  /// It returns `.node` in the caller, and `.child` in every process that the helper clones. A
  /// child has only descriptors 0 to 3, its own session, its tag, a parent-death signal and the
  /// root's signal mask. It is a subreaper, and has new seeds for `rand` and `drand48`. It may call
  /// this again to have its own helper.
  ///
  /// The main thread must not have locked a `Mutex` before: the lock remembers the thread's id,
  /// which would be wrong in the children, and a contended lock would end them.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - deadline: A time after which the helper ends the run, with this process; nil for none.
  ///   - preparation: What the helper does before it clones a child, so that the children find it
  ///     done. It makes no thread.
  ///   - isForMany: Whether so many children are expected that what makes each cheaper pays.
  package static func start(
    run: RunIdentity, deadline: SharedDeadline? = nil,
    preparation: Preparation? = nil, isForMany: Bool = false
  ) throws(ProcessControlError) -> Role {
    guard HostProcess.isMainThread else {
      throw ProcessControlError(
        .notOnMainThread, call: "ForkServer.start",
        "make the fork server on the main thread: children die with the thread that is their parent"
      )
    }
    pt_end_sanitizer_thread()
    let threads = Threads.count()
    guard threads <= 1 else {
      throw ProcessControlError(
        .multithreaded, call: "ForkServer.start",
        "\(threads) threads exist; make the fork server first thing in main, or start by re-exec")
    }
    // Otherwise every child would write the buffered output again.
    fflush(nil)
    var identity = pt_run(
      run: run.runID, root_pid: run.rootPID, root_start_time: run.rootStartTime,
      deadline: deadline?.pointer, prepare: preparation,
      is_for_many: isForMany ? 1 : 0)
    var server = pt_fork_server()
    let result = pt_fork_server_start(&identity, run.directory, &server)
    switch result {
    case 0: return .node(ForkServer(server))
    case 1, 2:
      pt_reseed()
      return .child(result == 2 ? ForkServer(server) : nil)
    default: throw .clone("clone3", -result)
    }
  }

  /// Requests a child; `receive()` returns the reply with the same id.
  ///
  /// It does not block. The caller closes its own copies of the descriptors afterwards.
  ///
  /// - Parameters:
  ///   - id: The number of the reply.
  ///   - tag: The child's tag.
  ///   - name: The child's name, if it is to have a helper of its own, which is made at less cost
  ///     before the child has written to its memory. A child that cannot have it then can make it
  ///     itself.
  ///   - needs: What the helper prepares for the child.
  ///   - descriptors: The descriptors that the child inherits.
  /// - Throws: `wouldBlock` if the socket is full, so that nothing was sent and the caller must
  ///   wait for a reply first; `forkServerLost`.
  package func request(
    id: UInt64, tag: RunTag, withHelperFor name: String? = nil, preparing needs: Needs = Needs(),
    descriptors: ChildDescriptors
  ) throws(ProcessControlError) {
    guard fileDescriptor >= 0 else {
      throw ProcessControlError(
        .forkServerLost, call: "sendmsg", "this fork server was closed; request children before")
    }
    var request = pt_request()
    request.id = id
    request.tag = tag.value
    request.parent = HostProcess.pid
    request.has_links = needs.hasLinks ? 1 : 0
    withUnsafeMutableBytes(of: &request.program) {
      $0.copyBytes(from: needs.program.utf8.prefix($0.count - 1))
    }
    if let name {
      request.has_server = 1
      withUnsafeMutableBytes(of: &request.name) {
        $0.copyBytes(from: name.utf8.prefix($0.count - 1))
      }
    }
    let error = pt_fork_server_request(fileDescriptor, &request, descriptors.inOrder)
    switch error {
    case 0: return
    case EAGAIN, ETOOMANYREFS, ENOBUFS:
      throw ProcessControlError(
        .wouldBlock, call: "sendmsg", errno: error, "request again after the next reply")
    case EPIPE, ECONNRESET, ENOTCONN:
      throw ProcessControlError(
        .forkServerLost, call: "sendmsg", errno: error,
        "the fork server has ended; start further children by re-exec")
    default:
      throw .system("sendmsg", error, "check that all four descriptors are open")
    }
  }

  /// Ends the helper at once, without killing any process of the run.
  ///
  /// Reap it by its `process` afterwards. Pending requests are dropped, or leave children that
  /// `AdoptedProcesses.scan` finds.
  package func close() {
    guard socket != nil else { return }
    // Before the socket closes, which the helper would take for the death of its node.
    try? process.send(SIGKILL)
    socket = nil
  }
}

extension ProcessControlError {
  /// The error for a process that could not be made.
  package static func clone(_ call: String, _ number: Int32) -> ProcessControlError {
    guard number == EAGAIN else { return .system(call, number) }
    return ProcessControlError(
      .processLimit, call: call, errno: number,
      "raise the limit on processes (ulimit -u, pids.max) or keep fewer children at a time")
  }
}

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
