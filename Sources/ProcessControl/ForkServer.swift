import Glibc
import ProcessTreeCProcessShims

/// A helper process that clones children for this process.
///
/// It is made before any thread exists and never starts one, so that its clones are sound programs,
/// which a fork of a running Swift program is not. The children are this process's own from their
/// first instruction; they and the helper have exit signal 0, which hides them from other code's
/// `waitpid(-1)` and from an ignored SIGCHLD.
///
/// To be used on one thread.
package final class ForkServer {
  /// Which process has returned from `start(run:)`.
  package enum Role {
    /// The caller, with its new helper.
    case node(ForkServer)
    /// A child that the helper has cloned.
    case child
  }

  /// The helper itself: to be reaped by the caller after `close()` or `Reply.lost`.
  package let process: ProcessHandle
  /// The socket: readable when `receive()` has something; -1 once closed.
  package private(set) var fileDescriptor: Int32

  private init(_ server: pt_fork_server) {
    process = ProcessHandle(pid: server.pid, pidfd: server.pidfd)
    fileDescriptor = server.socket
  }

  deinit { close() }

  /// The helper's pid.
  package var pid: Int32 { process.pid }
  /// The helper's pidfd.
  package var pidfd: Int32 { process.pidfd }

  /// Makes the helper; to be called on the main thread while it is the only one.
  ///
  /// Returns in the caller as `.node`, and as `.child` in every process that the helper clones:
  /// with descriptors 0 to 3 only, in a session of its own, with its tag, a parent-death signal,
  /// the signal mask that the root had, a subreaper, and with seeds of its own for `rand` and
  /// `drand48`. A child may call this again to have a helper of its own.
  ///
  /// The main thread must not have locked a `Mutex` before: that lock remembers the thread's id,
  /// the children would inherit it, and a contended lock in them would end them.
  package static func start(run: RunIdentity) throws(ProcessControlError) -> Role {
    guard HostProcess.isMainThread else {
      throw ProcessControlError(
        .notOnMainThread, call: "ForkServer.start",
        "make the fork server on the main thread: children die with the thread that is their parent"
      )
    }
    let threads = HostProcess.threadCount()
    guard threads <= 1 else {
      throw ProcessControlError(
        .multithreaded, call: "ForkServer.start",
        "\(threads) threads exist; make the fork server first thing in main, or start by re-exec")
    }
    // What is buffered would be written by every child again.
    fflush(nil)
    var identity = pt_run(
      run: run.runID, root_pid: run.rootPID, root_start_time: run.rootStartTime)
    var server = pt_fork_server()
    let result = pt_fork_server_start(&identity, run.directory, &server)
    switch result {
    case 0: return .node(ForkServer(server))
    case 1:
      pt_reseed()
      return .child
    default: throw .clone("clone3", -result)
    }
  }

  /// Asks for a child; the answer comes from `receive()` under the same id.
  ///
  /// Never blocks. The caller closes its own copies of the descriptors afterwards. Throws
  /// `wouldBlock` when the socket is full (nothing was sent: ask again when an answer has come),
  /// and `forkServerLost`.
  package func request(
    id: UInt64, tag: RunTag, descriptors: ChildDescriptors
  ) throws(ProcessControlError) {
    guard fileDescriptor >= 0 else {
      throw ProcessControlError(
        .forkServerLost, call: "sendmsg", "this fork server was closed; ask for children before")
    }
    var request = pt_request(id: id, tag: tag.value, parent: HostProcess.pid, goodbye: 0)
    let error = pt_fork_server_request(fileDescriptor, &request, descriptors.inOrder)
    switch error {
    case 0: return
    case EAGAIN, ETOOMANYREFS, ENOBUFS:
      throw ProcessControlError(
        .wouldBlock, call: "sendmsg", errno: error, "ask again when an answer has come")
    case EPIPE, ECONNRESET, ENOTCONN:
      throw ProcessControlError(
        .forkServerLost, call: "sendmsg", errno: error,
        "the fork server has ended; start further children by re-exec")
    default:
      throw .system("sendmsg", error, "check that all four descriptors are open")
    }
  }

  /// Lets the helper leave: at once, and without ending anything of the run.
  ///
  /// The helper is to be reaped by its `process` afterwards. Requests without an answer are dropped
  /// or leave children that `AdoptedProcesses.scan` finds.
  package func close() {
    guard fileDescriptor >= 0 else { return }
    _ = pt_fork_server_goodbye(fileDescriptor)
    _ = Glibc.close(fileDescriptor)
    fileDescriptor = -1
  }
}

extension ProcessControlError {
  /// The error for a process that could not be made.
  static func clone(_ call: String, _ number: Int32) -> ProcessControlError {
    guard number == EAGAIN else { return .system(call, number) }
    return ProcessControlError(
      .processLimit, call: call, errno: number,
      "raise the limit on processes (ulimit -u, pids.max) or keep fewer children at a time")
  }
}
