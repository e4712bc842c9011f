import Glibc
import ProcessTreeCProcessShims

/// Starts children by executing this program's binary again.
///
/// It serves programs whose main thread is not the library's, and untrusted input, because forked
/// siblings share their address layout. Such children have the usual exit signal, so other code's
/// `waitpid(-1)` can take their status.
package enum Spawner {
  /// Executes the running binary with arguments, beginning with its name, and an environment.
  ///
  /// The child has only descriptors 0 to 3, its own session, and the ignored and blocked signals
  /// and the limit on open files with which this process was started. It calls
  /// `ChildSetup.adopt(tag:parentPID:)` first. The child dies with the calling thread, so call this
  /// on a thread that lives as long as the process.
  package static func spawn(
    arguments: [String], environment: [String], descriptors: ChildDescriptors
  ) throws(ProcessControlError) -> ProcessHandle {
    for text in arguments + environment where text.utf8.contains(0) {
      throw ProcessControlError(
        .invalidArgument, call: "spawn",
        "remove the zero byte from \(text.prefix(256).debugDescription)")
    }
    guard !arguments.isEmpty else {
      throw ProcessControlError(.invalidArgument, call: "spawn", "name the program first")
    }
    let cArguments = CStrings(arguments)
    let cEnvironment = CStrings(environment)
    var pid: Int32 = -1
    var pidfd: Int32 = -1
    let error = pt_spawn(
      cArguments.pointers, cEnvironment.pointers, descriptors.inOrder, &pid, &pidfd)
    withExtendedLifetime((cArguments, cEnvironment)) {}
    guard error == 0 else { throw .clone("spawn", error) }
    return ProcessHandle(pid: pid, pidfd: pidfd)
  }
}
